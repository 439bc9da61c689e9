import { INVERTER_MODELS, METER_MODELS, PUSHING_METERS } from '@wattfleet/protocol'
import { expect, it } from 'vitest'
import { canBeInverter, canBeMeter, modelIds, shippedModel, TELEGRAM_MODELS } from '../src/index.ts'

it('a utility’s list may name every model that there is, as what it can be, and no other', () => {
  const models = modelIds().map((id) => ({ id, model: shippedModel(id) }))
  const telegrams = Object.keys(TELEGRAM_MODELS).sort()
  const meters = models.filter(({ model }) => canBeMeter(model)).map(({ id }) => id)
  const inverters = models.filter(({ model }) => canBeInverter(model)).map(({ id }) => id)
  expect([...METER_MODELS].sort()).toEqual([...meters, ...telegrams, 'sunspec'].sort())
  expect([...INVERTER_MODELS].sort()).toEqual([...inverters, 'sunspec'].sort())
  expect([...PUSHING_METERS].sort()).toEqual(telegrams)
})
