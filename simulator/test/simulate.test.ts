import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { rawConnection } from './raw-modbus.ts'
import { closing } from './served.ts'

const PROGRAM = fileURLToPath(new URL('../src/simulate.ts', import.meta.url))
const EXAMPLES = fileURLToPath(new URL('../examples/', import.meta.url))

function start(...args: string[]) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', PROGRAM, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  closing.push(() => child.kill('SIGKILL'))
  const said = { stdout: '', stderr: '' }
  child.stdout?.on('data', (data) => {
    said.stdout += data
  })
  child.stderr?.on('data', (data) => {
    said.stderr += data
  })
  return { child, said, exit: once(child, 'close') }
}

async function file(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'simulate-'))
  closing.push(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'file.yaml'), text)
  return join(folder, 'file.yaml')
}

const GOOD = `
lines: { lan: { transport: modbus-tcp, port: 0 } }
devices: [{ name: meter, line: lan, kind: input, points: { a: { at: 0, as: u16 } }, values: { a: 4660 } }]
`

describe('wattfleet-simulate', () => {
  it('serves a file, says where, and stops when asked', async () => {
    const { child, said, exit } = start(await file(GOOD))
    expect(await once(child, 'message')).toContain('ready')
    const port = Number(/lan: modbus-tcp on 127\.0\.0\.1:(\d+)\n {2}unit 1: meter\n/.exec(said.stdout)?.[1])
    const line = await rawConnection(port)
    line.send('0001 0000 0006 01 04 0000 0001')
    expect(await line.receive(11)).toBe('0001000000050104021234')
    child.kill('SIGTERM')
    expect(await exit).toEqual([0, null])
  })

  it('only checks where that is asked', async () => {
    const { said, exit } = start(join(EXAMPLES, 'faults.yaml'), '--check')
    expect(await exit).toEqual([0, null])
    expect(said.stdout).toMatch(/faults\.yaml: 3 devices on 2 lines, 24 faults: right/)
  })

  it('says every mistake with exit code 2', async () => {
    const path = await file(`${GOOD}faults: [{ kind: badCrc, device: meter }, { kind: silence, device: other }]\n`)
    const { said, exit } = start(path, '--check')
    expect(await exit).toEqual([2, null])
    expect(said.stderr).toMatch(/faults\.0\.kind: .*\n.*faults\.1\.device: there is no device "other"/)
  })

  it('says how it is called', async () => {
    const { said, exit } = start()
    expect(await exit).toEqual([2, null])
    expect(said.stderr).toMatch(/expected one file\nusage: wattfleet-simulate/)
  })
})
