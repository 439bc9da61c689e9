import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { describeWithPython } from '../../../test-support/python.ts'
import { entriesIn } from '../../src/telegrams/sml-list.ts'
import { telegramIn } from '../../src/telegrams/sml-transport.ts'
import { type Entry, idOf, type SmlOptions, smlTelegram, W, WH } from '../telegrams/build.ts'

/*
 * What another package reads from the telegrams that the tests here are made with: that they are SML, that both CRCs are
 * where and as they should be, and that the values are the same.
 */
const PEER = fileURLToPath(new URL('sml_peer.py', import.meta.url))
const SMLLIB = { name: 'smllib 1.7', check: 'import smllib.crc', install: 'pip install smllib==1.7' }

type Values = readonly { readonly obis: string; readonly value: number | string }[] | null

const watt = (value: bigint, bytes: number, scaler = -2): Entry => ({
  ...{ code: '16.7.0', value, unit: W, scaler, signed: true, bytes },
})
const TELEGRAMS: readonly SmlOptions[] = (['x25', 'kermit'] as const).flatMap((check) =>
  [watt(-126_061n, 4), watt(-10_550n, 2), watt(130n, 2, 0), watt(-1n, 1)].map((power, i) => ({
    ...{ check, maker: 'HLY', serverId: idOf('HLY', 88_507 + i) },
    entries: [
      { code: '1.8.0', value: 107_938_987n + BigInt(i), unit: WH, scaler: -1, status: 0x1c_0104, time: 90_000 + i },
      { code: '2.8.0', value: BigInt(i), unit: WH, scaler: -1, bytes: 4 },
      power,
    ],
  })),
)

function ours(telegram: Uint8Array): Values {
  const framed = telegramIn(telegram)
  const entries = framed.is === 'telegram' ? entriesIn(framed.content, framed.check) : undefined
  if (entries === undefined) return null
  return entries.map(({ obis, value, bytes }) => ({ obis, value: value ?? Buffer.from(bytes ?? []).toString() }))
}

describeWithPython(SMLLIB, (python) => {
  const theirs = (telegrams: readonly { check: string; bytes: Uint8Array }[]): Values[] => {
    const input = telegrams.map(({ check, bytes }) => ({ check, hex: Buffer.from(bytes).toString('hex') }))
    const { stdout } = spawnSync(python, [PEER], { input: JSON.stringify(input), encoding: 'utf8' })
    return JSON.parse(stdout)
  }

  it('telegrams say the same, with either CRC', () => {
    const made = TELEGRAMS.map((options) => ({ check: options.check ?? 'x25', bytes: smlTelegram(options) }))
    const said = theirs(made)
    expect(said).toHaveLength(TELEGRAMS.length)
    expect(said).toEqual(made.map(({ bytes }) => ours(bytes)))
    expect(said.every((values) => values?.length === 4)).toBe(true)
  })

  it('a telegram with a bit changed is refused by both', () => {
    const made = TELEGRAMS.map((options) => smlTelegram(options))
    const changed = made.map((bytes, i) => bytes.with(60 + i, (bytes[60 + i] ?? 0) ^ 0x10))
    const refused = TELEGRAMS.map(() => null)
    expect(changed.map(ours)).toEqual(refused)
    expect(theirs(changed.map((bytes, i) => ({ check: TELEGRAMS[i]?.check ?? 'x25', bytes })))).toEqual(refused)
  })
})
