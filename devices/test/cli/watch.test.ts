import { describe, expect, it } from 'vitest'
import type { Output } from '../../src/cli/ports.ts'
import { ran } from './captured.ts'
import { deviceThat, sdm630, sunSpecInverter } from './devices.ts'

const line = (port: number, rest: string) => `watch --tcp 127.0.0.1:${port} --model eastron-sdm630 ${rest}`
const SOME = '--points voltageL1,totalPower,exportEnergy'

describe('watch', () => {
  it('prints a line for each reading where output is no terminal', async () => {
    const { port } = await deviceThat(sdm630())
    const { code, out } = await ran(line(port, `${SOME} --every 10 --count 2`))
    expect(code).toBe(0)
    const values = 'voltageL1 230.1 V, totalPower -1500 W, exportEnergy – (not-available)'
    expect(out).toBe(`2025-11-13 02:13:20 UTC  ${values}\n2025-11-13 02:13:30 UTC  ${values}\n`)
  })

  it('prints a JSON line for each reading', async () => {
    const { port } = await deviceThat(sdm630())
    const { out } = await ran(line(port, `${SOME} --count 3 --json`))
    const documents = out.trimEnd().split('\n')
    expect(documents.map((text) => JSON.parse(text).at.slice(11, 19))).toEqual(['02:13:20', '02:13:25', '02:13:30'])
  })

  it('draws its table anew on a terminal, no larger than that', async () => {
    const { port } = await deviceThat(sdm630())
    const written: string[] = []
    const out: Output = { write: (text) => written.push(text), isTTY: true, columns: 40, rows: 10 }
    await ran(line(port, '--count 2'), { out })
    expect(written).toHaveLength(2)
    for (const screen of written) {
      const lines = screen.replace('\x1b[H\x1b[0J', '').trimEnd().split('\n')
      expect(screen.startsWith('\x1b[H\x1b[0J')).toBe(true)
      expect(lines).toHaveLength(9)
      expect(Math.max(...lines.map((one) => one.length))).toBeLessThanOrEqual(40)
      expect(lines.at(-1)).toMatch(/^… \d+ more lines$/)
    }
  })

  it('goes on after silence, and says what was read of a SunSpec device by model', async () => {
    let requests = 0
    const answer = sunSpecInverter()
    const { port } = await deviceThat((asked, to) => (requests++ === 0 ? undefined : answer(asked, to)))
    const { code, out } = await ran(
      `watch --tcp 127.0.0.1:${port} --model sunspec --points W --timeout 40 --every 1 --count 2`,
    )
    expect(code).toBe(0)
    expect(out).toMatch(/UTC {2}nothing read: .*no answer within 40 ms\n.*UTC {2}103\.W 3200 W\n$/)
  })

  it('ends well when it is interrupted, and not where nothing could ever be read', async () => {
    const { port } = await deviceThat(sdm630())
    const stop = new AbortController()
    const out: Output = { write: () => stop.abort() }
    expect((await ran(line(port, SOME), { out, signal: stop.signal })).code).toBe(0)
    const silent = await deviceThat(() => undefined)
    expect((await ran(line(silent.port, '--timeout 20 --count 1'))).code).toBe(1)
  })

  it.each(['--every 0', '--every x', '--count 0'])('refuses %s', async (flag) => {
    expect(await ran(line(1, flag))).toMatchObject({ code: 2, err: expect.stringContaining(flag) })
  })
})
