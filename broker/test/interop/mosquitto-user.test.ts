import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freePorts } from '../../../test-support/ports.ts'
import { isInstalled, listening, type Started, startProcess } from '../acceptance/process.ts'
import { eventually } from '../fixtures/broker.ts'
import { testAuthority } from '../fixtures/certificates.ts'

const CLI = join(import.meta.dirname, '../../src/cli.ts')

/** The user that Debian's package makes, which mosquitto becomes when root starts it. */
const user = readFileSync('/etc/passwd', 'utf8')
  .split('\n')
  .map((line) => line.split(':'))
  .find(([name]) => name === 'mosquitto')
const isThere = user !== undefined && process.getuid?.() === 0 && isInstalled('mosquitto', ['-h'])
if (!isThere) process.stderr.write('skipped: wants root, and mosquitto with its own user\n')

let dir: string
let mosquitto: Started | undefined
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wattfleet-mosquitto-user-'))
  chmodSync(dir, 0o755)
})
afterEach(async () => {
  await mosquitto?.end('SIGKILL')
  mosquitto = undefined
  rmSync(dir, { recursive: true })
})

describe.skipIf(!isThere)('mosquitto as its own user', () => {
  it('reads what its group may read, and nothing of the owner alone, as the command says', async () => {
    const [uid, gid] = [Number(user?.[2]), Number(user?.[3])]
    const authority = await testAuthority()
    const server = await authority.issue({ commonName: 'broker', server: true })
    const tls = join(dir, 'tls')
    mkdirSync(tls, { mode: 0o700 }) // as `ca server` makes it
    const write = (name: string, text: string, mode: number) => {
      writeFileSync(join(tls, name), text, { mode })
      return join(tls, name)
    }
    const [port = 0] = await freePorts(1)
    const config = {
      port,
      caPath: write('ca.pem', authority.caPem, 0o644),
      certPath: write('broker.pem', server.certificatePem, 0o644),
      keyPath: write('broker.key', server.privateKeyPem, 0o600),
    }
    writeFileSync(join(dir, 'broker.json'), JSON.stringify(config))
    const [out, data] = [join(dir, 'out'), join(dir, 'data')]
    mkdirSync(data)
    chownSync(data, uid, gid)
    const generate = () => {
      const args = ['config', 'mosquitto', '--config', join(dir, 'broker.json'), '--out', out, '--data', data]
      const text = execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', CLI, ...args])
      return JSON.parse(text.toString()) as { unreadable: string[] }
    }
    const start = () => {
      mosquitto = startProcess('mosquitto', ['-c', join(out, 'mosquitto.conf')], dir, {}, { asSelf: true })
      return mosquitto
    }
    expect(generate().unreadable.length).toBe(3)
    const failed = start()
    await eventually(() => failed.child.exitCode !== null, 'its end') // it listens for a moment before it reads its key
    expect(failed.said()).toMatch(/Unable to load|Permission denied|Error/)

    chmodSync(tls, 0o750)
    chmodSync(config.keyPath, 0o640)
    expect(generate().unreadable.length).toBe(3) // of another group
    chownSync(tls, 0, gid)
    chmodSync(tls, 0o750)
    chownSync(config.keyPath, 0, gid)
    chmodSync(config.keyPath, 0o640)
    expect(generate().unreadable).toEqual([])
    await listening(port, start())
    const name = 'a'.repeat(26)
    const { certificatePem: cert, privateKeyPem: key } = await authority.issue({ commonName: name, unit: 'gateway' })
    const options = { ca: authority.caPem, cert, key, clientId: name, protocolVersion: 4 } as const
    const client = await connectAsync(`mqtts://127.0.0.1:${port}`, options, false)
    expect(client.connected).toBe(true)
    await client.endAsync()
  })
})
