import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CommunityRules, DEFAULT_RULES } from '@wattfleet/protocol'
import { pino } from 'pino'
import { parseManifest } from '../src/adapters/manifest-file.ts'
import { issueServerCertificate } from '../src/authority/identities.ts'
import { claimPath } from '../src/claims.ts'
import { provisioningConfig } from '../src/config.ts'
import { enroller } from '../src/enrol.ts'
import { importManifest } from '../src/import.ts'
import { openOffice } from '../src/office.ts'
import type { ChainFacts, Registrar } from '../src/ports.ts'
import { registerAll } from '../src/register.ts'
import { renewer } from '../src/renew.ts'
import { startServer } from '../src/server.ts'
import type { Order, Told } from './enrol-clients.ts'

/** Answers as the chain's adapter does, at once: what is measured is the service. */
function chainInMemory(): Registrar & ChainFacts {
  const epochs = new Map<string, number>()
  return {
    ensureSite: async () => {},
    ensureFunds: async () => {},
    async enrol(site) {
      epochs.set(site, (epochs.get(site) ?? 0) + 1)
      return { epoch: epochs.get(site) ?? 1 }
    },
    revoke: async () => {},
    chainId: async () => 'c4'.repeat(32),
    rules: async (community): Promise<CommunityRules> => ({ community, ...DEFAULT_RULES }),
  }
}

function manifestOf(gateways: number): string {
  const rows = Array.from(
    { length: gateways },
    (_, n) => `pi-${n},House ${n},,${String(n).padStart(64, '0')},1,3000,2500`,
  )
  return ['serial,household,site,member,zone,capImportWh,capExportWh', ...rows].join('\n')
}

export interface Measured {
  readonly perMinute: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Processor time of the service for one gateway: what stays the same on a machine with other work. */
  readonly cpuMs: number
  readonly csrPems: readonly string[]
}

/**
 * Gateways enrolled by a running service: real keys, real requests, a TLS connection each, every commit durable. The gateways
 * are another process and have made their keys beforehand.
 */
export async function measureEnrolment(gateways: number, atOnce: number): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'wattfleet-bench-enrol-'))
  const config = provisioningConfig.parse({
    ...{ stateDir: join(folder, 'state'), claimsDir: join(folder, 'claims') },
    ...{ hubKey: 'ab'.repeat(32), operatorSeedPath: 'none' },
  })
  mkdirSync(config.stateDir, { recursive: true })
  const office = await openOffice(config)
  const { store, authority, claims } = office
  const options = { community: config.community, nowMs: Date.now() }
  await importManifest({ store, claims }, parseManifest(manifestOf(gateways), 'bench'), 'bench', options)
  const parts = {
    ...office,
    chain: chainInMemory(),
    settings: config,
    nowMs: Date.now,
    onConflict: () => {},
    onStranger: () => {},
  }
  // as the service does by itself, from the import on
  const faults = await registerAll(store, parts.chain, { community: 1 }, new AbortController().signal)
  if (faults.length > 0) throw faults[0]
  const identity = await issueServerCertificate(authority, { commonName: 'provisioning' })
  const answers = {
    enrol: enroller(parts),
    renewer: renewer(parts),
    caPem: () => authority.caPem,
    log: pino({ level: 'silent' }),
  }
  const server = await startServer({ host: '127.0.0.1', port: 0, ...identity, ...answers })
  const child = fork(join(import.meta.dirname, 'enrol-clients.ts'), {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  try {
    const order: Order = {
      ...{ port: server.port, caPem: authority.caPem, atOnce },
      claims: store.sites().map(({ serial }) => {
        const { claim } = JSON.parse(readFileSync(claimPath(config.claimsDir, serial), 'utf8')) as { claim: string }
        return { serial, claim }
      }),
    }
    child.send(order)
    const [{ ready }] = (await once(child, 'message')) as [Told]
    const before = process.cpuUsage()
    child.send('go')
    const [{ done }] = (await once(child, 'message')) as [Told]
    const { user, system } = process.cpuUsage(before)
    if (done === undefined || done.refused > 0) throw new Error(`${done?.refused} gateways were refused`)
    const sorted = [...done.latenciesMs].sort((a, b) => a - b)
    const at = (share: number) => Math.round(sorted[Math.floor(sorted.length * share)] ?? 0)
    return {
      perMinute: Math.round((gateways / done.wallMs) * 60_000),
      ...{ p50Ms: at(0.5), p99Ms: at(0.99), cpuMs: Number(((user + system) / 1000 / gateways).toFixed(1)) },
      csrPems: ready?.csrPems ?? [],
    }
  } finally {
    child.kill()
    await server.stop()
    store.close()
    rmSync(folder, { recursive: true })
  }
}
