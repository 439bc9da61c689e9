import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type GenesisRole, readOrMakeAccount } from '@wattfleet/chain'
import { fromHex, signingKeyFromSeed, toHex, writeFileAtomic } from '@wattfleet/protocol'

/** The accounts with a role in the community; each has a seed file of its own. */
export const ROLES = [
  'operator',
  'relayer',
  'matchingEngine',
  'settlementEngine',
  'gridOperator',
] as const satisfies readonly GenesisRole[]
export type Role = (typeof ROLES)[number]

/** What is drawn once for a street and kept with it. The seeds stay in their files. */
export interface Secrets {
  /** 32 random bytes, hex: new for every fresh street. */
  readonly chainId: string
  readonly accounts: Readonly<Record<Role, { readonly id: string; readonly seedPath: string }>>
  /** Signs receipts and notices. */
  readonly hub: { readonly publicKey: string; readonly seedPath: string }
  readonly balancing: string
}

function keep(path: string, make: () => string): string {
  if (!existsSync(path)) writeFileAtomic(path, `${make()}\n`, 0o600)
  return readFileSync(path, 'utf8').trim()
}

/** Reads the street's secrets from `dir`, drawing those that are not there yet. */
export function keepSecrets(dir: string): Secrets {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const random = () => randomBytes(32).toString('hex')
  const account = (role: Role) => {
    const seedPath = join(dir, `${role}.seed`)
    return [role, { id: readOrMakeAccount(seedPath).id, seedPath }] as const
  }
  const hubSeedPath = join(dir, 'hub.seed')
  const hubSeed = fromHex(keep(hubSeedPath, random), 32) ?? new Uint8Array()
  return {
    chainId: keep(join(dir, 'chain.id'), random),
    accounts: Object.fromEntries(ROLES.map(account)) as Record<Role, { id: string; seedPath: string }>,
    hub: { publicKey: toHex(signingKeyFromSeed(hubSeed).publicKey), seedPath: hubSeedPath },
    balancing: keep(join(dir, 'balancing.account'), random),
  }
}

/**
 * A house's pseudonyms on this chain. Members of the demonstration never sign, so an account without a key is enough:
 * nobody can withdraw from it.
 */
export function pseudonyms(chainId: string, house: string): { readonly site: string; readonly member: string } {
  const hash = (what: string) => createHash('sha256').update(`${chainId} ${house} ${what}`).digest('hex')
  return { site: hash('site').slice(0, 32), member: hash('member') }
}
