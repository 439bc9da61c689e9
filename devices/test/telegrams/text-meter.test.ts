import { describe, expect, it } from 'vitest'
import { FRESH_MS, WAIT_MS } from '../../src/telegrams/telegram-meter.ts'
import { figures, pushed } from './pushed.ts'
import { checkedTelegram, type TextOptions, textTelegram } from './text.ts'

const never = new AbortController().signal
const EVERY_MS = 2_000
const at = (importWh: number): TextOptions => ({ importWh, exportWh: 12_500, powerW: 1_800 })

/** A meter that pushes these counters, one every two seconds, while it is read once. */
async function readOf(counters: readonly number[], build = textTelegram) {
  const { meter, steady, clock, turn, say } = pushed('text')
  const reading = meter.read(never)
  await turn()
  for (const counter of counters) {
    await steady.advance(EVERY_MS)
    await clock.advance(EVERY_MS)
    say(build(at(counter)))
    await turn()
  }
  await steady.advance(WAIT_MS.text)
  meter.close()
  return {
    figures: figures(await reading),
    reading: await reading,
    begunMs: clock.nowMs() - counters.length * EVERY_MS,
  }
}

describe.each([
  ['pushes readable telegrams', textTelegram],
  ['pushes them with a block check', checkedTelegram],
])('a meter that %s', (_, build) => {
  it('is believed when three agree, as of the second', async () => {
    const { figures, reading, begunMs } = await readOf([1_000, 1_001, 1_002], build)
    expect(figures).toMatchObject({ import: 1_001, export: 12_500, importW: 1_800 })
    expect(reading.atMs).toBe(begunMs + 2 * EVERY_MS)
    expect(reading.importEnergyWh.readMs).toBe(reading.atMs)
  })

  it('is not believed by one or two', async () => {
    const { reading } = await readOf([1_000, 1_001], build)
    expect(reading.importEnergyWh).toMatchObject({ quality: 'missing', reason: 'timeout' })
  })

  it('is believed by the next three that agree', async () => {
    // 8001 was 1001 with a bit changed
    expect((await readOf([1_000, 8_001, 1_002, 1_003, 1_004], build)).figures.import).toBe(1_003)
  })

  it('whose telegrams contradict each other is malformed', async () => {
    const { reading } = await readOf([1_000, 8_001, 1_002, 9_003, 1_004], build)
    expect(reading.importEnergyWh).toMatchObject({ quality: 'missing', reason: 'malformed' })
  })
})

describe('a meter that pushes readable telegrams', () => {
  it('gives what was confirmed while nobody read it, without waiting', async () => {
    const { meter, turn, say } = pushed('text')
    const first = meter.read(never)
    await turn()
    for (const counter of [1_000, 1_001, 1_002]) say(textTelegram(at(counter)))
    expect(figures(await first).import).toBe(1_001)
    say(textTelegram(at(1_003)))
    expect(figures(await meter.read(never)).import).toBe(1_002)
    meter.close()
  })

  it('waits for the next when the telegram that was confirmed is old, however young the one after it', async () => {
    const { meter, steady, turn, say } = pushed('text')
    const first = meter.read(never)
    await turn()
    for (const counter of [1_000, 1_001, 1_002]) {
      await steady.advance(EVERY_MS)
      say(textTelegram(at(counter)))
    }
    expect(figures(await first).import).toBe(1_001)
    await steady.advance(FRESH_MS - EVERY_MS + 1)
    const later = meter.read(never)
    await turn()
    say(textTelegram(at(1_003)))
    expect(figures(await later).import).toBe(1_002)
    meter.close()
  })

  it('is read from pieces, and across a telegram that was cut short', async () => {
    const { meter, turn, say } = pushed('text')
    const reading = meter.read(never)
    await turn()
    const [first, second, third] = [1_000, 1_001, 1_002].map((counter) => textTelegram(at(counter)))
    const cut = textTelegram(at(1_000)).subarray(0, 70)
    for (const byte of [...(first ?? []), ...cut, ...(second ?? []), ...(third ?? [])]) say(Uint8Array.of(byte))
    expect(figures(await reading).import).toBe(1_001)
    meter.close()
  })
})
