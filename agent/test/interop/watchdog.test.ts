import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, expect, it } from 'vitest'
import { describeWithPrograms } from '../../../test-support/programs.ts'
import { tellSystemd } from '../../src/adapters/watchdog.ts'

/** systemd's end of the socket: says when it is there, then what comes. What is sent along is closed, as systemd does. */
const SYSTEMD = `
import socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
    end.bind(sys.argv[1])
    print("bound", flush=True)
    while True:
        print(end.recv(4096).decode().replace("\\n", " "), flush=True)
`

describeWithPrograms(['systemd-notify', 'python3'], 'systemd python3', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wattfleet-notify-'))
  const { NOTIFY_SOCKET: former } = process.env
  afterEach(() => {
    if (former === undefined) delete process.env.NOTIFY_SOCKET
    else process.env.NOTIFY_SOCKET = former
    rmSync(folder, { recursive: true, force: true })
  })

  it('reaches systemd by its own program, which says so where it cannot', async () => {
    const path = join(folder, 'notify')
    const listening = spawn('python3', ['-c', SYSTEMD, path], { stdio: ['ignore', 'pipe', 'inherit'] })
    const lines = createInterface(listening.stdout)
    try {
      await once(lines, 'line')
      process.env.NOTIFY_SOCKET = path
      const came = once(lines, 'line')
      await tellSystemd()
      expect((await came)[0]).toBe('WATCHDOG=1')
    } finally {
      listening.kill()
    }
    process.env.NOTIFY_SOCKET = join(folder, 'nobody')
    await expect(tellSystemd()).rejects.toThrow(/systemd-notify/)
  })
})
