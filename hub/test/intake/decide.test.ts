import { decodeMessage, type Message } from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import { type Decision, decideIntake, type IntakeContext } from '../../src/intake/decide.ts'
import type { GatewayEntry } from '../../src/ports.ts'
import {
  CHAIN_ID,
  COMMUNITY,
  house,
  OPEN_S,
  RULES,
  SLOT,
  signedCancel,
  signedEnergy,
  signedOrder,
} from '../support/street.ts'

const ada = house('ada')
const entry: GatewayEntry = {
  gateway: ada.gateway,
  site: ada.site,
  community: COMMUNITY,
  epoch: 1,
  revoked: false,
  capImportWh: 5000,
  capExportWh: 4000,
}

const large = { ...entry, capImportWh: 10_000 }
const consumer = { ...entry, capExportWh: 0 }

function decoded({ bytes }: { bytes: Uint8Array }): Message {
  const message = decodeMessage(bytes)
  if (message === undefined) throw new Error('not a message')
  return message
}
const order = (overrides: object = {}) => decoded(signedOrder(ada, { sequence: 1, side: 'offer', ...overrides }))
const cancel = (overrides: object = {}) => decoded(signedCancel(ada, { sequence: 1, target: 2, ...overrides }))
const energy = (overrides: object = {}) => decoded(signedEnergy(ada, { sequence: 1, ...overrides }))

function decide(message: Message, context: Partial<IntakeContext> = {}): Decision {
  const nowS = message.type === 'energy' ? SLOT + 900 : OPEN_S
  return decideIntake(message, {
    chain: CHAIN_ID,
    community: COMMUNITY,
    nowS,
    entry,
    rules: RULES,
    isStopped: false,
    isIndexSure: true,
    ...context,
  })
}

describe('what intake refuses without asking the store', () => {
  const rows: [string, Message, Partial<IntakeContext>, string][] = [
    ['another chain', order({ chain: new Uint8Array(32) }), {}, 'wrong-chain'],
    ['a cancel for another chain', cancel({ chain: new Uint8Array(32) }), {}, 'wrong-chain'],
    ['another community', order({ community: 8 }), {}, 'wrong-community'],
    ['a reading for another community', energy({ community: 8 }), {}, 'wrong-community'],
    ['a gateway of another community', order(), { entry: { ...entry, community: 8 } }, 'wrong-community'],
    ['an unknown key', order(), { entry: undefined }, 'unknown-gateway'],
    ['a key that may be enrolled already', order(), { entry: undefined, isIndexSure: false }, 'chain-unavailable'],
    ['a revoked key', order(), { entry: { ...entry, revoked: true } }, 'revoked'],
    ['an order of a stopped gateway', order(), { isStopped: true }, 'revoked'],
    ['an earlier epoch', order(), { entry: { ...entry, epoch: 2 } }, 'epoch'],
    ['an epoch that never was', order({ epoch: 2 }), {}, 'epoch'],
    ['an epoch that may have begun', order({ epoch: 2 }), { isIndexSure: false }, 'chain-unavailable'],
    ['rules not known yet', order(), { rules: undefined }, 'chain-unavailable'],
    ['a slot off the grid', order({ slotStart: SLOT + 1 }), {}, 'malformed'],
    ['the market after delivery', order({ kind: 'post' }), {}, 'market-not-open'],
    ['before the market opens', order(), { nowS: SLOT - 86_401 }, 'market-not-open'],
    ['at the relay margin', order(), { nowS: SLOT - 330 }, 'gate-closed'],
    ['past its own expiry', order({ expiresAt: OPEN_S }), {}, 'expired'],
    ['an offer over the export cap', order({ energyWh: 4001 }), {}, 'cap'],
    ['a bid over the import cap', order({ side: 'bid', energyWh: 5001 }), {}, 'cap'],
    ['a reading before the slot ended', energy(), { nowS: SLOT + 839 }, 'market-not-open'],
    ['a reading off the grid', energy({ slotStart: SLOT + 1 }), {}, 'malformed'],
    ['a reading after the disputes', energy(), { nowS: SLOT + 900 + 86_400 + 7 * 86_400 + 1 }, 'gate-closed'],
    ['a phantom of energy', energy({ exportWh: 11_868 }), {}, 'cap'],
    ['a phantom beyond twice a large cap', energy({ importWh: 21_001 }), { entry: large }, 'cap'],
  ]
  it.each(rows)('%s', (_, message, context, reason) => {
    expect(decide(message, context)).toEqual({ ok: false, reason })
  })
})

describe('what intake accepts', () => {
  it('an order, until gate closure or its own expiry', () => {
    expect(decide(order(), { nowS: SLOT - 331 })).toEqual({
      ok: true,
      site: ada.site,
      entersUntilS: SLOT - 300,
      capWh: 4000,
    })
    expect(decide(order({ expiresAt: OPEN_S + 5 }))).toMatchObject({ ok: true, entersUntilS: OPEN_S + 5 })
    expect(decide(order({ expiresAt: SLOT }))).toMatchObject({ ok: true, entersUntilS: SLOT - 300 })
    expect(decide(order(), { nowS: SLOT - 86_400 })).toMatchObject({ ok: true })
  })
  it('an order for the market after delivery, where the community has one, as long as it is open', () => {
    const rules = { ...RULES, postOpensS: 600, postGateClosureS: 3_000, postMatchDeadlineS: 3_200 }
    const [post, ends] = [order({ kind: 'post' }), SLOT + 900]
    expect(decide(post, { rules, nowS: ends + 599 })).toEqual({ ok: false, reason: 'market-not-open' })
    expect(decide(post, { rules, nowS: ends + 600 })).toMatchObject({ ok: true, entersUntilS: ends + 3_000 })
    expect(decide(post, { rules, nowS: ends + 2_970 })).toEqual({ ok: false, reason: 'gate-closed' })
    expect(decide(order(), { rules, nowS: ends + 600 })).toEqual({ ok: false, reason: 'gate-closed' })
  })
  it('a cancel, as long as any order can still be open', () => {
    expect(decide(cancel())).toEqual({ ok: true, site: ada.site, entersUntilS: OPEN_S + 86_400 })
  })
  it('a reading, also where it says that nothing is known', () => {
    const entersUntilS = SLOT + 900 + 86_400 + (7 + 7 + 1) * 86_400
    expect(decide(energy({ exportWh: 9000 }))).toEqual({ ok: true, site: ada.site, entersUntilS })
    expect(decide(energy({ exportWh: 99_999, quality: 'missing' }))).toMatchObject({ ok: true })
  })
  it('a reading up to what a house connection carries, where its nameplate says less; up to twice the nameplate else', () => {
    expect(decide(energy({ importWh: 4000, exportWh: 10_867 }), { entry: consumer })).toMatchObject({ ok: true })
    expect(decide(energy({ importWh: 21_000 }), { entry: large })).toMatchObject({ ok: true })
  })
  it('what a stopped gateway takes back or has measured', () => {
    expect(decide(cancel(), { isStopped: true })).toMatchObject({ ok: true })
    expect(decide(energy(), { isStopped: true })).toMatchObject({ ok: true })
  })
  it('a reading of a gateway whose clock leads', () => {
    expect(decide(energy(), { nowS: SLOT + 840 })).toMatchObject({ ok: true })
  })
})
