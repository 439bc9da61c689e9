import { describe, expect, it } from 'vitest'
import { textTelegramIn } from '../../src/telegrams/d0.ts'
import { readingOf } from '../../src/telegrams/values.ts'
import { figures } from './pushed.ts'
import { checkedTelegram, HEAD } from './text.ts'

const TEXT = [
  `${HEAD}1-0:0.0.0*255(0273011003684)\r\n1-0:1.8.0*255(00024567.2660320*kWh)\r\n`,
  '1-0:2.8.0*255(00000012.5000000*kWh)\r\n1-0:21.7.0*255(000200.13*W)\r\n1-0:16.7.0*255(-000445.25*W)\r\n!',
].join('')
const read = (text: string) => textTelegramIn(new TextEncoder().encode(text))

describe('a telegram in readable text', () => {
  it('says what the meter showed', () => {
    const found = read(`xx${TEXT}`)
    if (found.is !== 'telegram') throw new Error(found.is)
    expect(figures(readingOf(found.entries, 0, 0))).toEqual({
      ...{ import: 24_567_266, export: 12_500, importW: 0, exportW: 445.25, step: 1 },
    })
    expect(found.next).toBe(TEXT.length + 2)
  })

  it('is awaited until it is whole', () => {
    for (let length = 0; length < TEXT.length; length++) expect(read(TEXT.slice(0, length)).is).toBe('incomplete')
  })

  it('of whole kWh says so', () => {
    const found = read('/X\r\n1-0:1.8.0*255(24567*kWh)\r\n!')
    expect(found.is === 'telegram' ? readingOf(found.entries, 0, 0).stepWh : 0).toBe(1_000)
  })

  it('without a value is none, and one cut short is left behind', () => {
    expect(read('/X\r\nhello\r\n!').is).toBe('broken')
    expect(read(`/X\r\n1-0:1.8.0*255(00024567.26\r\n${TEXT}`)).toMatchObject({ is: 'telegram' })
  })
})

describe('a telegram with a block check', () => {
  const good = checkedTelegram({ importWh: 24_567_266, exportWh: 12_500, powerW: -445.25 })

  it('is read where the check is what another program worked out', () => {
    const text = `${HEAD}\x021-0:1.8.0*255(0001.5*kWh)\r\n!\r\n\x03`
    expect(read(`${text}\x70`)).toMatchObject({ is: 'telegram', next: text.length + 1 })
    expect(read(`${text}\x71`)).toMatchObject({ is: 'broken' })
  })

  it('is read whether or not its check has its parity with it', () => {
    const check = good.at(-1) ?? 0
    expect(textTelegramIn(good)).toMatchObject({ is: 'telegram', next: good.length })
    expect(textTelegramIn(good.with(-1, check ^ 0x80))).toMatchObject({ is: 'telegram', next: good.length })
  })

  it('is awaited until the check has come', () => {
    for (let length = 0; length < good.length; length++)
      expect(textTelegramIn(good.subarray(0, length)).is, `${length} bytes`).toBe('incomplete')
  })

  it('is refused with any bit of its lines or its check changed', () => {
    const stx = good.indexOf(0x02)
    for (let bit = (stx + 1) * 7; bit < good.length * 7; bit++) {
      const at = Math.floor(bit / 7)
      const changed = good.with(at, (good[at] ?? 0) ^ (1 << (bit % 7)))
      expect(textTelegramIn(changed).is, `bit ${bit % 7} of byte ${at}`).not.toBe('telegram')
    }
  })

  it('is followed by the next one', () => {
    const both = Uint8Array.from([...good, ...good])
    const first = textTelegramIn(both)
    expect(textTelegramIn(both.subarray(first.next))).toMatchObject({ is: 'telegram', next: good.length })
  })

  it('that was changed does not take the next one with it', () => {
    const changed = good.with(60, (good[60] ?? 0) ^ 1)
    let rest: Uint8Array = Uint8Array.from([...changed, ...good, ...good])
    let found = 0
    for (let one = textTelegramIn(rest); one.is !== 'incomplete'; one = textTelegramIn(rest)) {
      if (one.is === 'telegram') found++
      rest = rest.subarray(one.next)
    }
    expect(found).toBe(2)
  })
})
