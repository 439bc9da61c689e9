import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { upTopic } from '@wattfleet/protocol'
import { connectAsync } from 'mqtt'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { freePorts } from '../../test-support/ports.ts'
import { type Leaf, type TestAuthority, testAuthority } from './fixtures/certificates.ts'

const MAIN = join(import.meta.dirname, '../src/main.ts')

let dir: string
let authority: TestAuthority
const children: ChildProcess[] = []

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'wattfleet-broker-'))
  authority = await testAuthority()
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(dir, { recursive: true })
})

function write(name: string, text: string): string {
  const path = join(dir, name)
  writeFileSync(path, text)
  return path
}

function run(config: object) {
  const path = write('broker.json', JSON.stringify(config))
  const child = fork(MAIN, ['--config', path], { silent: true, execArgv: ['--disable-warning=ExperimentalWarning'] })
  children.push(child)
  let errors = ''
  child.stderr?.on('data', (chunk) => {
    errors += chunk
  })
  return { child, errors: () => errors }
}

async function paths() {
  const server = await authority.issue({ commonName: 'broker', server: true })
  return {
    caPath: write('ca.pem', authority.caPem),
    certPath: write('broker.pem', server.certificatePem),
    keyPath: write('broker.key', server.privateKeyPem),
  }
}

describe('the broker as a program', () => {
  it('serves, shows its state, and stops when asked', async () => {
    const [port, statusPort] = await freePorts(2)
    const revoked = await authority.issue({ commonName: 'hub', unit: 'hub' })
    const name = 'a'.repeat(26)
    const known = await authority.issue({ commonName: name, unit: 'gateway' })
    const { child } = run({
      ...(await paths()),
      port,
      status: { port: statusPort },
      revokedPath: write('revoked.txt', `# lost\n${revoked.fingerprint}\n`),
      registryPath: write('admitted.txt', `${known.fingerprint}\n`),
    })
    await once(child, 'message')
    const connect = (as: Leaf, clientId: string) => {
      const keys = { ca: authority.caPem, cert: as.certificatePem, key: as.privateKeyPem }
      return connectAsync(`mqtts://127.0.0.1:${port}`, { ...keys, clientId, protocolVersion: 4 }, false)
    }
    const client = await connect(known, name)
    await client.publishAsync(upTopic(name, 'status'), '{}', { qos: 1 })
    await expect(connect(revoked, 'hub')).rejects.toThrow()
    const unknown = await authority.issue({ commonName: name, unit: 'gateway' })
    await expect(connect(unknown, name)).rejects.toThrow()

    const metrics = await (await fetch(`http://127.0.0.1:${statusPort}/metrics`)).text()
    expect(metrics).toContain('wattfleet_broker_published_total 1\n')
    expect(metrics).toContain('wattfleet_broker_refused_total{reason="revoked"} 1\n')
    expect(metrics).toContain('wattfleet_broker_refused_total{reason="unknown"} 1\n')
    writeFileSync(join(dir, 'admitted.txt'), '# nobody\n') // the list is read again: the one who is connected is cut
    await new Promise<void>((resolve) => client.once('close', () => resolve()))
    expect((await fetch(`http://127.0.0.1:${statusPort}/healthz`)).status).toBe(200)

    const exit = once(child, 'exit')
    const from = performance.now()
    child.kill('SIGTERM')
    expect((await exit)[0]).toBe(0)
    expect(performance.now() - from).toBeLessThan(2_000)
    client.end(true)
  })

  it('takes other certificates while it runs, and cuts nobody for it', async () => {
    const [port] = await freePorts(1)
    const files = await paths()
    const { child } = run({ ...files, port })
    await once(child, 'message')
    const name = 'a'.repeat(26)
    const as = async (of: TestAuthority, trusts: string) => {
      const { certificatePem: cert, privateKeyPem: key } = await of.issue({ commonName: name, unit: 'gateway' })
      const options = { ca: trusts, cert, key, clientId: name, protocolVersion: 4, reconnectPeriod: 0 } as const
      return connectAsync(`mqtts://127.0.0.1:${port}`, options, false)
    }
    const first = await as(authority, authority.caPem)
    const other = await testAuthority('the next CA')
    const both = `${authority.caPem}\n${other.caPem}`
    await expect(as(other, both)).rejects.toThrow()
    write('ca.pem', both)
    const server = await other.issue({ commonName: 'broker', server: true })
    // between these two the certificate has no key
    write('broker.pem', server.certificatePem)
    write('broker.key', server.privateKeyPem)
    await vi.waitFor(async () => (await as(other, other.caPem)).end(true), { timeout: 15_000, interval: 200 })
    // which took its session over, and nothing else did
    await vi.waitFor(() => expect(first.connected).toBe(false))
    first.end(true)
  })

  it('refuses to start with a faulty configuration and names every mistake', async () => {
    const { child, errors } = run({ ...(await paths()), port: 'many', limits: { messageBurst: 0 }, colour: 'red' })
    expect((await once(child, 'exit'))[0]).toBe(2)
    expect(errors()).toMatch(/broker\.json: port: /)
    expect(errors()).toMatch(/broker\.json: limits\.messageBurst: /)
    expect(errors()).toMatch(/colour/)
  })

  it.each<[string, object]>([
    ['sessions in two places', { redis: { url: 'redis://127.0.0.1:1' }, stateDir: '/nowhere' }],
    ['a Redis that is none', { redis: { url: 'http://127.0.0.1:1' } }],
    ['a missing file', { keyPath: '/nowhere/broker.key' }],
    ['a certificate that is none', { certPath: import.meta.filename }],
    ['a revocation list that is none', { revokedPath: import.meta.filename }],
    ['a registry that is none', { registryPath: import.meta.filename }],
  ])('refuses to start with %s', async (_name, mistake) => {
    const { child } = run({ ...(await paths()), port: 0, ...mistake })
    expect((await once(child, 'exit'))[0]).toBe(2)
  })
})
