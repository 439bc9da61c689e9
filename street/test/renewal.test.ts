import { X509Certificate } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Claim,
  type Clock,
  type EnrolmentGrant,
  manualClock,
  signingKeyFromSeed,
  wallClock,
} from '@wattfleet/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { enrolmentClient, renewalClient } from '../../agent/src/adapters/enrolment-client.ts'
import { mqttLink } from '../../agent/src/adapters/mqtt-link.ts'
import { stateFiles } from '../../agent/src/adapters/state-files.ts'
import { type Life, runCertified } from '../../agent/src/certified.ts'
import { type Credentials, openCredentials } from '../../agent/src/credentials.ts'
import { type Enrolled, enrol } from '../../agent/src/enrol.ts'
import type { RenewalService, StateFiles } from '../../agent/src/ports.ts'
import { memoryLog } from '../../agent/test/support/fixtures.ts'
import { type Broker, startBroker } from '../../broker/src/index.ts'
import { issueServerCertificate } from '../../provisioning/src/authority/identities.ts'
import {
  installIssuing,
  requestIssuing,
  switchIssuing,
  trustRoot,
  withdrawRoot,
} from '../../provisioning/src/authority/replace.ts'
import { initRoot, signIssuing } from '../../provisioning/src/authority/root.ts'
import { certificatesIn, fingerprintIn } from '../../provisioning/src/authority/trust.ts'
import { gatewayOf, take } from '../../provisioning/src/fleet.ts'
import { setDevices, type TestOffice, testOffice } from '../../provisioning/test/fixtures/office.ts'
import { until } from './support/until.ts'

/*
 * The gateway's own code against the utility's service and the broker, over real TLS. Only the clock that says when a
 * certificate is due is moved by hand: TLS lives on the wall's.
 */

const DAY_MS = 86_400_000
let folder: string
let office: TestOffice
let broker: Broker
let wall: ReturnType<typeof manualClock>
let enrolled: Enrolled
let claim: Claim
const gateways: Gateway[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wattfleet-renewal-'))
  office = await testOffice(1)
  broker = await openBroker()
  office.settings.brokerUrl = `mqtts://127.0.0.1:${broker.port}`
  office.settings.publicUrl = `https://127.0.0.1:${office.server.port}`
  claim = { ...office.claim(), url: office.settings.publicUrl }
  wall = manualClock(Date.now())
  await enrolOne()
})
afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.stop()))
  await broker.stop()
  await office.close()
  rmSync(folder, { recursive: true })
})

async function openBroker(port = 0, caPem = office.authority.caPem): Promise<Broker> {
  const identity = await issueServerCertificate(office.authority, { commonName: 'broker' })
  const isRevoked = (fingerprint: string) => office.store.refusedCertificates(Date.now()).includes(fingerprint)
  return startBroker({ ...identity, caPem, port, isRevoked, limits: { revocationSweepMs: 20 } })
}

const state = () => join(folder, 'state')

async function enrolOne() {
  mkdirSync(state(), { recursive: true })
  writeFileSync(join(folder, 'claim.json'), JSON.stringify(claim))
  const parts = { claimPath: join(folder, 'claim.json'), serial: () => 'pi-1', service: enrolmentClient }
  const log = memoryLog()
  const given = await enrol(
    { ...parts, files: stateFiles(state()), transport: wallClock(), random: () => 0, log },
    new AbortController().signal,
  )
  if (given === undefined) throw new Error('not enrolled')
  enrolled = given
}

interface Gateway {
  readonly credentials: Credentials
  readonly log: ReturnType<typeof memoryLog>
  /** How often it was connected, and what it was told that it is. */
  readonly seen: { ups: number; downs: number; grants: EnrolmentGrant[] }
  readonly ended: Promise<unknown>
  stop(): Promise<void>
}

interface Cuts {
  readonly files?: StateFiles
  readonly service?: (inner: RenewalService) => RenewalService
  readonly transport?: Clock
}

/** The gateway's program without meter and market: what it does with its certificates. */
function startGateway({ files = stateFiles(state()), service = (inner) => inner, transport = wallClock() }: Cuts = {}) {
  const log = memoryLog()
  const stop = new AbortController()
  const seen: Gateway['seen'] = { ups: 0, downs: 0, grants: [] }
  const credentials = openCredentials(files, enrolled)
  const life: Life = async (identity, link, signal) => {
    seen.grants.push(identity.grant)
    const events = { up: () => void seen.ups++, down: () => void seen.downs++, message: () => {} }
    await link.run({ opening: () => undefined, ...events }, signal)
  }
  const parts = {
    ...{
      credentials,
      key: enrolled.key,
      service: (at: Parameters<typeof renewalClient>[0]) => service(renewalClient(at)),
    },
    link: ({ grant, tlsKeyPem: keyPem }: ReturnType<Credentials['current']>) =>
      mqttLink({ ...grant, keyPem }, transport, () => 0, log),
    ...{ otherwiseAt: () => claim.url, wall, transport, random: () => 0, log },
  }
  const ended = runCertified(parts, stop.signal, life).catch((error: unknown) => error)
  const gateway: Gateway = {
    ...{ credentials, log, seen, ended },
    async stop() {
      stop.abort()
      await ended
    },
  }
  gateways.push(gateway)
  return gateway
}

/** Days pass, for the gateway and for the utility. */
async function pass(days: number) {
  office.time.nowMs += days * DAY_MS
  await wall.advance(days * DAY_MS)
}

const site = () => gatewayOf(office.store, 'pi-1')
const certificates = () => office.store.certificatesOf(site().site)
const events = () => office.store.audit.entries().map(({ event }) => event)
const isProven = () => office.store.renewalOf(site().site) === undefined && certificates().length > 1

describe('a certificate that renews itself', () => {
  it('is replaced at two thirds of its life, while the gateway stays connected', async () => {
    const gateway = startGateway()
    await until('it is connected', () => gateway.seen.ups === 1)
    await pass(59)
    expect(certificates()).toHaveLength(1)
    await pass(1)
    await until('the new one is proven', isProven)
    await until('and said to be', () => gateway.credentials.isTold())
    expect(gateway.credentials.current().serial).toBe(certificates()[0]?.serial)
    expect(certificates().map(({ isInForce }) => isInForce)).toEqual([true, false])
    await until('it is connected with it', () => gateway.seen.ups === 2 && broker.stats().clients === 1)
    // its loops went on: nothing that they stand on has changed
    expect(gateway.seen.grants).toHaveLength(1)
    await pass(61)
    await until('and once more', () => events().filter((event) => event === 'proven').length === 2)
  })

  it('is renewed at the start by a gateway that was away until it was over, before it connects', async () => {
    wall = manualClock(Date.now() + 400 * DAY_MS)
    office.time.nowMs += 400 * DAY_MS
    const gateway = startGateway()
    await until('the new one is proven', isProven)
    await until('it is connected', () => broker.stats().clients === 1)
    // with the new one alone: the other was never shown
    expect([gateway.seen.ups, broker.stats().refused.handshake, broker.stats().refused.revoked]).toEqual([1, 0, 0])
  })

  it('waits for a service that is away for days, and lasts', async () => {
    const { port } = office.server
    await office.server.stop()
    const gateway = startGateway()
    await until('it is connected', () => gateway.seen.ups === 1)
    await pass(60)
    for (let day = 0; day < 3; day++) {
      const tries = gateway.log.lines.length
      await until('it has tried', () => gateway.log.lines.some(({ message }) => message.includes('not renewed yet')))
      await pass(1)
      await until('it tries again', () => gateway.log.lines.length > tries)
    }
    expect(broker.stats().clients).toBe(1)
    const again = await office.start(port)
    await until('the new one is proven', async () => {
      await pass(1 / 24)
      return isProven()
    })
    await again.stop()
  })

  it('brings the devices that the manifest names to a gateway of before, which begins anew with them', async () => {
    const gateway = startGateway()
    await until('it is connected', () => gateway.seen.ups === 1)
    setDevices(office, 'pi-1', { meter: 'abb-b23', meterAddress: '192.168.1.20' })
    await pass(60)
    await until('it begins anew', () => gateway.seen.grants.length === 2)
    const devices = { meter: { model: 'abb-b23', host: '192.168.1.20', port: 502 } }
    expect(gateway.seen.grants.map((one) => one.devices)).toEqual([undefined, devices])
    expect(openCredentials(stateFiles(state()), enrolled).current().grant.devices).toEqual(devices)
  })

  it('brings other rules of the community, and the gateway begins anew with them', async () => {
    const gateway = startGateway()
    await until('it is connected', () => gateway.seen.ups === 1)
    office.settings.hubKey = 'cd'.repeat(32)
    await pass(60)
    await until('it lives by them', () => gateway.seen.grants.length === 2)
    expect(gateway.seen.grants[1]?.hubKey).toBe('cd'.repeat(32))
    await until('it is connected', () => broker.stats().clients === 1)
  })

  it('is not let in while its gateway is suspended, and the former one works again after it', async () => {
    const gateway = startGateway()
    await until('it is connected', () => gateway.seen.ups === 1)
    take(office.store, 'pi-1', 'suspend', { actor: 'operator', atMs: Date.now() })
    await until('it is cut', () => gateway.seen.downs === 1)
    await pass(60)
    await until('it has another certificate', () => gateway.credentials.next() !== undefined)
    expect(broker.stats().clients).toBe(0)
    take(office.store, 'pi-1', 'resume', { actor: 'operator', atMs: Date.now() })
    await until('it is connected', () => broker.stats().clients === 1)
    await until('the new one is proven', isProven)
  })

  it('is given up by one that is retired, which is told why', async () => {
    const gateway = startGateway()
    await until('it is connected', () => gateway.seen.ups === 1)
    take(office.store, 'pi-1', 'retire', { actor: 'operator', atMs: Date.now() })
    await pass(60)
    await until('it was told', () =>
      JSON.stringify(gateway.log.lines).includes('retired: this gateway is out of service'),
    )
    expect(certificates()).toHaveLength(1)
  })
})

/** Everything that a renewal does to the world, in order: what a power cut can come before or after. */
const STEPS = ['write the key', 'ask', 'write the grant', 'write what is proven', 'tell', 'write what is told']

describe('a power cut', () => {
  it.each(STEPS.flatMap((step, n) => [['before', step, n] as const, ['after', step, n] as const]))(
    '%s the step “%s” leaves a gateway that ends with one certificate in force',
    async (when, _step, n) => {
      const cut = new Error('the power is gone')
      let count = 0
      let isDark = false
      /** Runs one step, unless the light goes out before it; nothing happens in the dark. */
      const step = <T>(work: () => T): T => {
        if (isDark) throw cut
        const isIt = count++ === n
        if (isIt && when === 'before') {
          isDark = true
          throw cut
        }
        const done = work()
        if (!isIt) return done
        isDark = true
        throw cut
      }
      const inner = stateFiles(state())
      const files: StateFiles = {
        read: inner.read,
        write: (name, text) => step(() => inner.write(name, text)),
        remove: (name) => step(() => inner.remove(name)),
      }
      const service = (one: RenewalService): RenewalService => ({
        renew: (request, signal) => inTheDark(() => one.renew(request, signal)),
        proven: (request, signal) => inTheDark(() => one.proven(request, signal)),
      })
      /** A step whose effect is elsewhere: it happens there, and the answer comes to nobody. */
      async function inTheDark<T>(work: () => Promise<T>): Promise<T> {
        if (isDark) throw cut
        const isIt = count++ === n
        if (isIt && when === 'before') {
          isDark = true
          throw cut
        }
        const done = await work()
        if (isIt) isDark = true
        if (isDark) throw cut
        return done
      }
      const first = startGateway({ files, service })
      await until('it is connected', () => first.seen.ups === 1)
      await pass(60)
      await until('the light is out', () => isDark)
      await first.stop()
      // whatever is on its disk, one of its certificates is let in
      expect(certificates().some(({ isInForce }) => isInForce)).toBe(true)

      const second = startGateway()
      await until('the new one is proven', isProven)
      await until('and said to be', () => second.credentials.isTold())
      await until('it is connected', () => broker.stats().clients === 1)
      expect(second.credentials.next()).toBeUndefined()
      expect(certificates().map(({ isInForce }) => isInForce)).toEqual([true, false])
      expect(events().filter((event) => event === 'renew' || event === 'proven')).toEqual(['renew', 'proven'])
      expect(readFileSync(join(state(), 'renewed.json'), 'utf8')).toContain('"isTold":true')
    },
  )
})

describe('one root in the place of another', () => {
  it('cuts nobody: the broker, the service and the gateway go over one after the other', async () => {
    const ca = join(office.dir, 'ca')
    const passphrase = 'correct horse battery staple'
    const former = office.authority.caPem
    const gateway = startGateway()
    await until('it is connected', () => gateway.seen.ups === 1)

    await initRoot(join(folder, 'root'), { utility: 'Utility', validDays: 3_650, passphrase }, Date.now())
    trustRoot(ca, readFileSync(join(folder, 'root/root.pem'), 'utf8'), 'root.pem', Date.now())
    broker.setKeys(await brokerKeys())
    await pass(60)
    await until('it trusts both', () => isProven() && gateway.credentials.isTold())
    expect(certificatesIn(gateway.credentials.current().grant.caPem, 'grant')).toHaveLength(2)

    const { csrPath } = await requestIssuing(ca, 'Utility')
    const options = { validDays: 3_650, passphrase }
    const signed = await signIssuing(join(folder, 'root'), readFileSync(csrPath, 'utf8'), options, Date.now())
    installIssuing(ca, signed.certificatePem, 'signed', Date.now())
    switchIssuing(ca)
    broker.setKeys(await brokerKeys())
    office.server.setIdentity(await issueServerCertificate(office.authority, { commonName: 'provisioning' }))
    expect(gateway.seen).toMatchObject({ ups: 2, downs: 1 }) // the session went from one certificate to the other, and no more
    await pass(61)
    await until('it stands under the new root', () => certificates()[0]?.isInForce && certificates().length === 3)
    await until('and has said so', () => isProven() && gateway.credentials.isTold())

    withdrawRoot(ca, fingerprintIn(new X509Certificate(former)))
    broker.setKeys(await brokerKeys())
    await pass(61)
    await until('it trusts the new one alone', () => certificates().length === 4 && isProven())
    await until('it is connected', () => gateway.credentials.isTold() && broker.stats().clients === 1)
    expect(certificatesIn(gateway.credentials.current().grant.caPem, 'grant')).toHaveLength(1)
    expect(broker.stats().refused.handshake).toBe(0)
    expect(gateway.seen.ups - gateway.seen.downs).toBe(1)
  })

  it('keeps the former certificate where the broker does not know the new root yet', async () => {
    const gateway = startGateway()
    await until('it is connected', () => gateway.seen.ups === 1)
    const ca = join(office.dir, 'ca')
    const passphrase = 'correct horse battery staple'
    await initRoot(join(folder, 'root'), { utility: 'Utility', validDays: 3_650, passphrase }, Date.now())
    trustRoot(ca, readFileSync(join(folder, 'root/root.pem'), 'utf8'), 'root.pem', Date.now())
    const { csrPath } = await requestIssuing(ca, 'Utility')
    const csr = readFileSync(csrPath, 'utf8')
    const signed = await signIssuing(join(folder, 'root'), csr, { validDays: 3_650, passphrase }, Date.now())
    installIssuing(ca, signed.certificatePem, 'signed', Date.now())
    // an operator who lost everybody behind, and told the broker nothing
    switchIssuing(ca)
    await pass(60)
    await until('the new one was refused', () => broker.stats().refused.handshake > 0)
    expect([gateway.seen.downs, broker.stats().clients]).toEqual([0, 1])
    broker.setKeys(await brokerKeys())
    await until('the new one is proven', isProven)
  })
})

async function brokerKeys() {
  const identity = await issueServerCertificate(office.authority, { commonName: 'broker' })
  return { ...identity, caPem: office.authority.caPem }
}

describe('after another enrolment', () => {
  it('what was renewed before is nothing', async () => {
    const gateway = startGateway()
    await until('it is connected', () => gateway.seen.ups === 1)
    await pass(60)
    await until('and said to be', () => isProven() && gateway.credentials.isTold())
    await gateway.stop()
    const other = { ...enrolled, key: signingKeyFromSeed(new Uint8Array(32).fill(5)) }
    expect(openCredentials(stateFiles(state()), other).current().serial).toBe(certificates()[1]?.serial)
    const later = { ...enrolled, grant: { ...enrolled.grant, epoch: 2 } }
    expect(openCredentials(stateFiles(state()), later).current().serial).toBe(certificates()[1]?.serial)
    expect(openCredentials(stateFiles(state()), enrolled).current().serial).toBe(certificates()[0]?.serial)
  })
})
