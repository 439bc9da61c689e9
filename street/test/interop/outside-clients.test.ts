import { execFile, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { downTopic, upFilter, upTopic } from '@wattfleet/protocol'
import { type Authority, createAuthority, issueHubCertificate, issueServerCertificate } from '@wattfleet/provisioning'
import { connectAsync, type MqttClient } from 'mqtt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isInstalled, listening, type Started, startProcess } from '../../../broker/test/acceptance/process.ts'
import { freePorts } from '../../../test-support/ports.ts'
import { describeWithPython } from '../../../test-support/python.ts'

const BROKER = join(import.meta.dirname, '../../../broker/src/main.ts')
const PAHO = join(import.meta.dirname, 'outside-clients.py')
const [SELF, OTHER] = ['a'.repeat(26), 'b'.repeat(26)]
const required = process.env.CI !== undefined || process.env.WATTFLEET_REQUIRE_INTEROP !== undefined

let dir: string
let port: number
let broker: Started
let hub: MqttClient
const heard: string[] = []
let chainPath: string

/** The broker as a program, with the certificates of the utility's own authority. */
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'wattfleet-outside-'))
  ;[port = 0] = await freePorts(1)
  const authority = await createAuthority(join(dir, 'ca'))
  const server = await issueServerCertificate(authority, { commonName: 'broker' })
  chainPath = write('ca.pem', server.caPem)
  const configPath = write(
    'broker.json',
    JSON.stringify({
      ...{ port, caPath: chainPath, logLevel: 'warn' },
      certPath: write('broker.pem', server.certificatePem),
      keyPath: write('broker.key', server.privateKeyPem),
    }),
  )
  for (const name of [SELF, OTHER]) await gatewayIdentity(authority, name)
  broker = startProcess(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', BROKER, '--config', configPath],
    dir,
    {},
    { asSelf: true },
  )
  await listening(port, broker)
  const identity = await issueHubCertificate(authority)
  const keys = { ca: server.caPem, cert: identity.certificatePem, key: identity.privateKeyPem }
  hub = await connectAsync(`mqtts://127.0.0.1:${port}`, { ...keys, clientId: 'hub', protocolVersion: 4 })
  hub.on('message', (_topic, payload) => heard.push(payload.toString()))
  await hub.subscribeAsync(upFilter(), { qos: 1 })
})
afterAll(async () => {
  hub?.end(true)
  await broker?.end('SIGKILL')
  rmSync(dir, { recursive: true, force: true })
})

function write(name: string, text: string): string {
  writeFileSync(join(dir, name), text, { mode: 0o600 })
  return join(dir, name)
}

async function gatewayIdentity(authority: Authority, commonName: string): Promise<void> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const request = { commonName, unit: 'gateway', usage: 'client', validDays: 1 } as const
  const { certificatePem } = await authority.issue({
    ...request,
    publicKey: publicKey.export({ format: 'der', type: 'spki' }),
  })
  write(`${commonName}.pem`, certificatePem)
  write(`${commonName}.key`, privateKey.export({ format: 'pem', type: 'pkcs8' }).toString())
}

const path = (name: string) => join(dir, name)

interface Ran {
  readonly code: number
  /** Standard output and standard error. */
  readonly text: string
}

function run(command: string, args: readonly string[], input = ''): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(command, args, { timeout: 30_000 }, (error, out, errors) => {
      resolve({ code: Number(error?.code ?? 0), text: out + errors })
    })
    child.stdin?.end(input)
  })
}

const untilHeard = async (payload: string) => {
  await expect.poll(() => heard, { timeout: 10_000 }).toContain(payload)
}

/** Skips with a message where the program is missing, and fails where the tests are required. */
function describeWith(program: string, args: readonly string[], install: string, tests: () => void): void {
  if (isInstalled(program, args)) describe(program, tests)
  else if (required) it(`has ${program}`, () => expect.fail(install))
  else {
    process.stderr.write(`skipped: no ${program}: ${install}\n`)
    describe.skip(`${program} (skipped: ${install})`, tests)
  }
}

describeWith('openssl', ['version'], 'apt-get install openssl', () => {
  const connect = (...args: string[]) =>
    run('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-verify_return_error', '-CAfile', chainPath, ...args])

  it('verifies the broker’s chain and its name', async () => {
    const keys = ['-cert', path(`${SELF}.pem`), '-key', path(`${SELF}.key`)]
    const { code, text } = await connect(...keys, '-verify_ip', '127.0.0.1')
    expect(text).toContain('Verify return code: 0 (ok)')
    expect(text).toContain('TLSv1.3')
    expect(code).toBe(0)
    expect((await connect(...keys, '-verify_hostname', 'elsewhere.example')).text).toContain('hostname mismatch')
  })

  it('is refused without a certificate', async () => {
    const { text } = await run('bash', [
      '-c',
      // stays open until the broker's alert has come: in TLS 1.3 it follows the handshake
      `sleep 2 | openssl s_client -connect 127.0.0.1:${port} -CAfile '${chainPath}'`,
    ])
    expect(text).toMatch(/alert certificate required|certificate required/i)
  })

  it('is refused with TLS 1.2', async () => {
    expect((await connect('-tls1_2')).text).toMatch(/alert protocol version|unsupported protocol/)
  })
})

describeWith('mosquitto_pub', ['--help'], 'apt-get install mosquitto-clients', () => {
  const as = (name: string) => {
    const tls = ['--cafile', chainPath, '--cert', path(`${name}.pem`), '--key', path(`${name}.key`)]
    return ['-h', '127.0.0.1', '-p', `${port}`, ...tls, '-V', '311', '-i', name]
  }

  it('is let in with a gateway’s certificate and heard', async () => {
    const args = [...as(SELF), '-q', '1', '-t', upTopic(SELF, 'status'), '-m', 'from mosquitto']
    expect(await run('mosquitto_pub', args)).toMatchObject({ code: 0 })
    await untilHeard('from mosquitto')
  })

  it('is kept to its topics', async () => {
    const args = ['-d', ...as(SELF), '-q', '1', '-t', upTopic(OTHER, 'status'), '-m', 'forged']
    const { code, text } = await run('mosquitto_pub', args)
    expect(code).not.toBe(0)
    expect(text).toContain('sending PUBLISH')
    expect(text).not.toContain('received PUBACK')
    expect(heard).not.toContain('forged')
  })

  it('is not let in under another’s name', async () => {
    const args = [...as(SELF).slice(0, -1), OTHER, '-t', upTopic(OTHER, 'status'), '-m', 'forged']
    const { code, text } = await run('mosquitto_pub', args)
    expect(code).not.toBe(0)
    expect(text).toMatch(/identifier rejected/i)
  })

  it('hears, as mosquitto_sub, its own and is refused the others’', async () => {
    const topics = ['-t', downTopic(SELF, 'trade'), '-t', downTopic(OTHER, 'trade'), '-t', '#']
    const sub = spawn('stdbuf', ['-oL', 'mosquitto_sub', '-d', ...as(SELF), '-q', '1', ...topics, '-C', '1'])
    let text = ''
    sub.stdout.on('data', (chunk) => {
      text += chunk
    })
    await expect.poll(() => text, { timeout: 10_000 }).toMatch(/Subscribed \(mid: \d+\): 1, 128, 128/)
    await hub.publishAsync(downTopic(OTHER, 'trade'), 'not yours', { qos: 1 })
    await hub.publishAsync(downTopic(SELF, 'trade'), 'yours', { qos: 1 })
    await expect.poll(() => sub.exitCode, { timeout: 10_000 }).toBe(0)
    expect(text).toContain('yours')
    expect(text).not.toContain('not yours')
  })
})

describeWithPython(
  {
    name: 'paho-mqtt',
    check: 'import paho.mqtt.client as c; c.CallbackAPIVersion',
    install: 'pip install paho-mqtt==2.2.0',
  },
  (python) => {
    it('is let in, answered filter by filter, heard, and cut when it forges', async () => {
      const topics = [
        upTopic(OTHER, 'energy'),
        downTopic(OTHER, 'trade'),
        upTopic(SELF, 'energy'),
        downTopic(SELF, 'trade'),
      ]
      const tls = [chainPath, path(`${OTHER}.pem`), path(`${OTHER}.key`)]
      const { text } = await run(python, [PAHO, `${port}`, OTHER, ...topics, ...tls])
      expect(JSON.parse(text)).toEqual({ connect: true, subscribe: [1, 128], publish: true, cut: true })
      await untilHeard('from paho')
      expect(heard).not.toContain('forged by paho')
    })
  },
)
