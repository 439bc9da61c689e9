import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type SecureVersion, type TLSSocket, connect as tlsConnect } from 'node:tls'
import { gatewayIdFrom } from '@wattfleet/protocol'
import { connect, type IClientOptions, type MqttClient } from 'mqtt'
import { freePorts } from '../../../test-support/ports.ts'
import { connected, type TestGateway } from '../fixtures/broker.ts'
import { type Leaf, type LeafOptions, type TestAuthority, testAuthority } from '../fixtures/certificates.ts'
import type { Engine, Running } from './engine.ts'

/** As many as the cases use, made before an engine starts that must know each by name. */
const GATEWAYS = 300
const HUBS = 200

/** Limits small enough to be reached in a test; the others are the defaults. */
export const LIMITS = {
  queuedPerClient: 50,
  messagesPerSecond: 200,
  messageBurst: 50,
  revocationSweepMs: 100,
} as const

/** One engine that runs, with its CA, and the means to knock at it. */
export interface Scene {
  readonly running: Running
  readonly authority: TestAuthority
  readonly port: number
  /** A gateway that nobody has been before. */
  gateway(unit?: string): Promise<TestGateway>
  hub(): Promise<TestGateway>
  utility(): Promise<TestGateway>
  leaf(options: LeafOptions): Promise<TestGateway>
  /** A real MQTT client that is told to connect; its client id is the certificate's common name unless overridden. */
  open(as: TestGateway, options?: IClientOptions): MqttClient
  /** The same, connected. Rejects when the broker refuses it. */
  connect(as: TestGateway, options?: IClientOptions): Promise<MqttClient>
  /** A bare TLS connection that speaks no MQTT by itself. */
  socket(as?: Leaf, maxVersion?: SecureVersion): Promise<TLSSocket>
  /** Cuts every client of the case that has ended. */
  clear(): void
  close(): Promise<void>
}

export async function openScene(engine: Engine): Promise<Scene> {
  const authority = await testAuthority()
  const folder = mkdtempSync(join(tmpdir(), `wattfleet-${engine.name}-`))
  const [port = 0] = await freePorts(1)
  const gateways = Array.from({ length: GATEWAYS }, () => gatewayIdFrom(randomBytes(16)))
  const hubs = Array.from({ length: HUBS }, (_, n) => `hub-${n}`)
  const paths = await writePlace(folder, port, authority, gateways)
  const place = { folder, port, authority, hubs, ...paths }
  const running = await engine.start(place).catch((error) => {
    rmSync(folder, { recursive: true, force: true })
    throw error
  })
  const leaf = async (options: LeafOptions) => ({ name: options.commonName, ...(await authority.issue(options)) })
  const take = (pool: string[]) => {
    const name = pool.pop()
    if (name === undefined) throw new Error('the cases want more names than were made')
    return name
  }
  const knocking = knocker(port, authority)
  return {
    ...knocking,
    ...{ running, authority, port, leaf },
    gateway: (unit = 'gateway') => leaf({ commonName: take(gateways), unit }),
    hub: () => leaf({ commonName: take(hubs), unit: 'hub' }),
    utility: () => leaf({ commonName: 'utility', unit: 'utility' }),
    async close() {
      knocking.clear()
      await running.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function writePlace(folder: string, port: number, authority: TestAuthority, gateways: readonly string[]) {
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  mkdirSync(join(folder, 'data'))
  const server = await authority.issue({ commonName: 'broker', server: true })
  const revokedPath = write('revoked.txt', '')
  return {
    revokedPath,
    shutOutPath: write('shut-out.txt', ''),
    crlPath: write('revoked.crl', await authority.revocationList([])),
    gatewaysPath: write('gateways.txt', gateways.join('\n')),
    configPath: write(
      'broker.json',
      JSON.stringify({
        ...{ port, revokedPath, stateDir: join(folder, 'data'), limits: LIMITS, logLevel: 'warn' },
        caPath: write('ca.pem', authority.caPem),
        certPath: write('broker.pem', server.certificatePem),
        keyPath: write('broker.key', server.privateKeyPem),
      }),
    ),
  }
}

function knocker(port: number, authority: TestAuthority) {
  let clients: MqttClient[] = []
  let sockets: TLSSocket[] = []
  const open = (as: TestGateway, overrides: IClientOptions = {}) => {
    const client = connect(`mqtts://127.0.0.1:${port}`, {
      ...{ ca: authority.caPem, cert: as.certificatePem, key: as.privateKeyPem, clientId: as.name },
      ...{ protocolVersion: 4, reconnectPeriod: 0, connectTimeout: 10_000 },
      ...overrides,
    })
    client.on('error', () => undefined)
    clients.push(client)
    return client
  }
  return {
    open,
    connect: (as: TestGateway, options?: IClientOptions) => connected(open(as, options)),
    async socket(as?: Leaf, maxVersion: SecureVersion = 'TLSv1.3') {
      const keys = as && { cert: as.certificatePem, key: as.privateKeyPem }
      const socket = tlsConnect({ host: '127.0.0.1', port, ca: authority.caPem, maxVersion, ...keys })
      sockets.push(socket)
      await once(socket, 'secureConnect')
      socket.on('error', () => undefined)
      return socket
    },
    clear() {
      for (const client of clients) client.end(true)
      for (const socket of sockets) socket.destroy()
      clients = []
      sockets = []
    },
  }
}
