import { Fault } from '@wattfleet/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exceptionFault } from '../src/core/faults.ts'
import { NETWORK_TIMING } from '../src/core/plan.ts'
import { type ModbusConnection, modelControls, shippedModel, wordsOf } from '../src/index.ts'
import { hexRegisters, imageFrom } from './tcp-device.ts'

const never = new AbortController().signal
const MODEL = shippedModel('solaredge-storage')
const WRITTEN = ['commandTimeout', 'chargeLimit', 'dischargeLimit', 'commandMode']

/** What may become of a request: `ignored` is confirmed and not done, `lost` done and not confirmed. */
const fates = ['done', 'ignored', 'refused', 'failed', 'lost', 'unheard'] as const
type Fate = (typeof fates)[number]

/** A battery in which this becomes of its n-th request; what is not said is done. */
function batteryThat(becomes: readonly Fate[]) {
  const image = imageFrom(
    [0x9c44, hexRegisters(`536f 6c61 7245 6467 6500 ${'0000 '.repeat(11)}`)],
    [0xe004, hexRegisters('0004 0001 0000 0000 0000 4120 0007 0e10 0000 0007 4000 459c 0000 457a')],
    [0xe144, hexRegisters('4000 459c 0000 457a')],
  )
  let requests = 0
  const silence = () => new Fault('timeout', 'no answer', { retryable: true })
  const answer = async <T>(act: () => T, ignored: () => T = act): Promise<T> => {
    const fate = becomes[requests++] ?? 'done'
    if (fate === 'refused') throw exceptionFault(3, 'battery')
    if (fate === 'failed') throw exceptionFault(4, 'battery')
    if (fate === 'unheard') throw silence()
    const result = fate === 'ignored' ? ignored() : act()
    if (fate === 'lost') throw silence()
    return result
  }
  const connection: ModbusConnection = {
    timing: NETWORK_TIMING,
    readRegisters: ({ at, count }) => answer(() => Array.from({ length: count }, (_, i) => image.get(at + i) ?? 0)),
    writeRegisters: ({ at, values }) =>
      answer(
        () => values.forEach((value, i) => void image.set(at + i, value)),
        () => undefined,
      ),
    close: () => Promise.resolve(),
  }
  const shown = () =>
    Object.fromEntries(
      WRITTEN.map((name) => {
        const point = MODEL.points[name]
        const words =
          point === undefined ? [] : Array.from({ length: wordsOf(point) }, (_, i) => image.get(point.at + i))
        return [name, words.join(' ')]
      }),
    )
  return { shown, controls: modelControls(connection, 1, MODEL, true) }
}

describe('a set-point on a line that fails at any request, in any way', () => {
  it('stands whole, or is taken back, or its fault names everything that may have changed', async () => {
    const ends = new Map<string, number>()
    const reads = 4
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...fates), { maxLength: 12 }), async (becomes) => {
        // what is read before is read
        const { shown, controls } = batteryThat([...Array<Fate>(reads).fill('done'), ...becomes])
        const before = shown()
        const fault = await controls
          .set({ is: 'battery', mode: 'charge', percent: 50 }, 120, never)
          .catch((error: unknown) => error)
        const after = shown()
        const text = fault instanceof Fault ? fault.message : ''
        const end = fault === undefined ? 'set' : (/taken back$|has confirmed/.exec(text)?.[0] ?? 'untouched')
        ends.set(end, (ends.get(end) ?? 0) + 1)
        switch (end) {
          case 'set':
            expect(after).toEqual({
              ...before,
              commandTimeout: '120 0',
              chargeLimit: '16384 17692',
              dischargeLimit: '0 0',
              commandMode: '2',
            })
            break
          case 'taken back':
            // the timer of what is over may stay
            expect({ ...after, commandTimeout: '' }).toEqual({ ...before, commandTimeout: '' })
            break
          case 'has confirmed':
            for (const name of WRITTEN) if (after[name] !== before[name]) expect(text).toContain(name)
            break
          default:
            expect(fault).toBeInstanceOf(Fault)
            expect(after).toEqual(before)
        }
      }),
      { numRuns: 500 },
    )
    expect([...ends.keys()].sort()).toEqual(['has confirmed', 'set', 'taken back', 'untouched'])
  })
})
