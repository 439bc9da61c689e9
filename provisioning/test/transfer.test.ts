import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkConfig, sha256, signingKeyFromSeed } from '@wattfleet/protocol'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseManifest } from '../src/adapters/manifest-file.ts'
import { openStore } from '../src/adapters/store.ts'
import { issueMissingClaims, reissueClaim } from '../src/claims.ts'
import { gatewayOf, take } from '../src/fleet.ts'
import { importManifest } from '../src/import.ts'
import { registerAll, revokeAll } from '../src/register.ts'
import { newHome, transfer } from '../src/transfer.ts'
import {
  AT_MS,
  type GatewayKeys,
  gatewayKeys,
  manifestOf,
  setDevices,
  type TestOffice,
  testOffice,
} from './fixtures/office.ts'

const signal = new AbortController().signal
const operator = { actor: 'operator', atMs: AT_MS } as const
const MEMBER = 'e'.repeat(64)
let office: TestOffice
let keys: GatewayKeys
beforeEach(async () => {
  office = await testOffice(2, { reset: 'approve' })
  keys = await gatewayKeys('pi-1')
})
afterEach(() => office.close())

const enrol = async (of: GatewayKeys, claim = office.claim().claim) => office.post(await of.request(claim))
const move = (home: object = { household: 'House 9', member: MEMBER }) =>
  transfer(office.store, 'pi-1', checkConfig(home, newHome, 'transfer'), operator)
const pi1 = () => gatewayOf(office.store, 'pi-1')
const claimNow = () => {
  const path = reissueClaim(office.store, office.claims, pi1().site, operator)
  return (JSON.parse(readFileSync(path, 'utf8')) as { claim: string }).claim
}

describe('a gateway that goes to another household', () => {
  it('leaves everything of before behind, and begins anew on another site under another name', async () => {
    const { body: before } = await enrol(keys)
    const old = pi1()
    const { from, to } = move()
    expect(from).toMatchObject({ site: old.site, gateway: old.gateway, household: 'House 1', state: 'retired' })
    expect(from.grant ?? from.signingKey).toBeUndefined()
    expect(to).toMatchObject({ serial: 'pi-1', household: 'House 9', member: MEMBER, state: 'expected', zone: 1 })
    expect(to.site).not.toBe(old.site)
    expect(to.gateway).not.toBe(old.gateway)
    expect([pi1().site, gatewayOf(office.store, old.site).site, gatewayOf(office.store, old.gateway).site]).toEqual([
      ...[to.site, old.site, old.site],
    ])
    const shown = office.store.views().map(({ serial, site: at, movedOn }) => [serial, at, movedOn])
    expect(shown).toHaveLength(3)
    expect(shown).toEqual(
      expect.arrayContaining([
        ['pi-1', to.site, false],
        ['pi-1', old.site, true],
      ]),
    )
    // its certificate is not let in, its orders are refused, its key goes off the chain
    expect(office.store.refusedCertificates(AT_MS)).toHaveLength(1)
    expect(office.store.refusedKeys()).toEqual([keys.signingKey])
    expect(await revokeAll(office.store, office.chain, signal)).toEqual([])
    expect(office.chain.keys.get(old.site)?.signingKey).toBe('')
    // the claim of before is worth nothing, also in the hands of the gateway itself
    expect((await enrol(keys)).body.error).toBe('unknown-claim')

    const { status, body } = await enrol(await gatewayKeys('pi-1'), claimNow())
    expect([status, body.gateway]).toEqual([200, to.gateway])
    expect(body.certificatePem).not.toBe(before.certificatePem)
    expect(office.chain.sites.get(to.site)).toMatchObject({ member: MEMBER })
    // what is on the chain of the former household stays as it was
    expect(office.chain.sites.get(old.site)?.member).toBe(old.member)
    const story = (site: string) =>
      office.store.audit.entries().flatMap((one) => (one.site === site ? [`${one.actor} ${one.event}`] : []))
    expect(story(old.site)).toEqual([
      ...['operator imported', 'gateway claim', 'service activate', 'operator transfer'],
    ])
    expect(story(to.site)).toEqual([
      ...['operator transferred', 'operator reissue', 'gateway claim', 'service activate'],
    ])
    expect(office.store.audit.verify()).toMatchObject({ ok: true })
  })

  it('leaves the devices of the former household there, and reads those of the next where they are said', async () => {
    setDevices(office, 'pi-1', { meter: 'abb-b23', meterAddress: '192.168.1.20:502', meterUnit: 3 })
    expect(pi1()).toMatchObject({ meter: 'abb-b23', meterAddress: '192.168.1.20:502', meterUnit: 3 })
    const { from, to } = move()
    expect([from.meter, to.meter, to.meterAddress, to.meterUnit]).toEqual(['abb-b23', undefined, undefined, undefined])
    const next = { meter: 'eastron-sdm630', meterAddress: '/dev/ttyUSB0', meterUnit: '2' }
    expect(move({ household: 'House 10', member: MEMBER, ...next }).to).toMatchObject({ ...next, meterUnit: 2 })
    const { body } = await enrol(await gatewayKeys('pi-1'), claimNow())
    expect(body.devices).toEqual({ meter: { model: 'eastron-sdm630', serial: { path: '/dev/ttyUSB0' }, unit: 2 } })
  })

  it.each<[object, RegExp]>([
    [{ meterAddress: '192.168.1.20' }, /meterAddress: expected meter, its model, beside it/],
    [{ inverter: 'sunspec', inverterAddress: '192.168.1' }, /inverterAddress: expected an address such as/],
    [{ meter: 'eastron-sdm631' }, /meter: no meter has the model "eastron-sdm631": did you mean eastron-sdm630\?/],
    [{ inverter: 'abb-b23' }, /inverter: no inverter has the model "abb-b23"/],
    [{ meter: 'sml', meterAddress: '10.0.0.3:502' }, /meterAddress: expected the serial line on which sml is heard/],
    [{ meter: 'abb-b23', meterUnit: 248 }, /meterUnit: .*247/],
  ])('is refused with devices %j', (devices, why) => {
    expect(() => move({ household: 'House 9', member: MEMBER, ...devices })).toThrow(why)
    expect(pi1().household).toBe('House 1')
  })

  it('is given its claim by the next import, where the one of the transfer was not written', () => {
    const { to } = move()
    expect(issueMissingClaims(office.store, office.claims, AT_MS)).toEqual([expect.stringContaining('pi-1.claim.json')])
    expect(gatewayOf(office.store, to.site).claimWritten).toBe(true)
  })

  it('may go on, and come back as another', () => {
    const sites = ['House 9', 'House 1', 'House 9'].map((household) => move({ household, member: MEMBER }).to.site)
    expect(new Set([...sites, office.store.sites()[0]?.site]).size).toBe(4)
    expect(office.store.sites().map(({ serial, state }) => `${serial} ${state}`)).toEqual([
      ...['pi-1 retired', 'pi-2 expected', 'pi-1 retired', 'pi-1 retired', 'pi-1 expected'],
    ])
  })

  it.each<[string, object, RegExp]>([
    ['to nobody', { member: MEMBER }, /transfer: household: expected the new household/],
    ['to a formula', { household: '=cmd()', member: MEMBER }, /is a formula/],
    ['to no member', { household: 'House 9', member: 'e' }, /member: expected 64 hex digits/],
    ['to a member that is not said', { household: 'House 9' }, /member: expected 64 hex digits/],
    [
      'to a household that has one',
      { household: 'House 2', member: MEMBER },
      /goes to a household that has pi-2 already/,
    ],
    ['to where it is', { household: 'House 1', member: MEMBER }, /is in this household already/],
    ['with a connection of none', { household: 'House 9', member: MEMBER, capImportWh: '0' }, /capImportWh: /],
  ])('is refused %s, and stays', (_, home, why) => {
    expect(() => move(home)).toThrow(why)
    expect([pi1().household, pi1().state, office.store.sites().length]).toEqual(['House 1', 'expected', 2])
  })

  it('is refused to a site that is, or was, of somebody else, and out of a quarantine', () => {
    const { from, to } = move()
    for (const site of [from.site, to.site]) {
      expect(() => move({ household: 'House 8', member: MEMBER, site })).toThrow(/is, or was, another household’s/)
    }
    office.store.move(to.site, 'conflict', operator)
    expect(() => move({ household: 'House 8', member: MEMBER })).toThrow(/transfer: expected .*, it is quarantined/)
    take(office.store, 'pi-1', 'retire', operator)
    expect(() => move({ household: 'House 8', member: MEMBER })).toThrow(/it is retired/)
  })
})

describe('a tombstone', () => {
  const again = (text: string) =>
    importManifest(office, parseManifest(text, 'm.csv'), 'm.csv', { community: 1, nowMs: AT_MS })
  const row = (serial: string, household: string, site = '', member = '1'.padStart(64, '0')) =>
    `serial,household,site,member,zone,capImportWh,capExportWh\n${serial},${household},${site},${member},1,3000,2500`

  it('holds: its serial, site, name, claim and certificate are never in force again, whatever is imported', async () => {
    await enrol(keys)
    const { site, gateway } = pi1()
    const claim = office.claim().claim
    take(office.store, 'pi-1', 'retire', operator)
    await revokeAll(office.store, office.chain, signal)
    // the manifest is restored: the row is known, and that is all
    expect(await again(manifestOf(2))).toMatchObject({ added: 0, known: 2 })
    expect(issueMissingClaims(office.store, office.claims, AT_MS)).toEqual([])
    await expect(again(row('pi-1', 'House 7'))).rejects.toThrow(
      'm.csv:2: serial pi-1 is retired for good: it cannot come back',
    )
    await expect(again(row('pi-7', 'House 7', site))).rejects.toThrow(`site ${site} has the gateway pi-1 already`)
    expect((await enrol(keys, claim)).body.error).toBe('unknown-claim')
    expect(() => claimNow()).toThrow(/it is retired/)
    for (const event of ['resume', 'release', 'revoke', 'suspend'] as const) {
      expect(() => take(office.store, gateway, event, operator)).toThrow(/it is retired/)
    }
    expect(await registerAll(office.store, office.chain, { community: 1 }, signal)).toEqual([])
    expect(office.chain.keys.get(site)?.signingKey).toBe('')
    expect(office.store.refusedCertificates(AT_MS)).toHaveLength(1)
    // another gateway may come to the household
    expect(await again(row('pi-7', 'House 1'))).toMatchObject({ added: 1, known: 0 })
  })

  it('stands where a gateway has moved on: the manifest of before does not bring it back', async () => {
    const { from, to } = move()
    const now = `give what is true now: household is House 9, member is ${MEMBER}`
    const moved = (where: string) =>
      `m.csv:2: serial pi-1 was transferred at 2026-11-23T00:00:00.000Z ${where}: leave the row out, or ${now}`
    await expect(again(manifestOf(2))).rejects.toThrow(moved('and is not enrolled there yet'))
    await enrol(keys, claimNow())
    await expect(again(manifestOf(2))).rejects.toThrow(moved('and is in epoch 1 there'))
    // the same with what is true now is known
    expect(await again(row('pi-1', 'House 9', '', MEMBER))).toMatchObject({ added: 0, known: 1 })
    await expect(again(row('pi-7', 'House 7', from.site))).rejects.toThrow(/has the gateway pi-1 already/)
    expect(await again(row('pi-1', 'House 9', to.site, MEMBER))).toMatchObject({ added: 0, known: 1 })
  })
})

describe('a household that is forgotten', () => {
  const files = () => readdirSync(office.dir).filter((name) => name.startsWith('provisioning.db'))
  const isAnywhere = (text: string) => files().some((name) => readFileSync(join(office.dir, name)).includes(text))

  it('is nowhere in the store any more, and the log is whole', async () => {
    await enrol(keys)
    const { site, member } = pi1()
    const head = office.store.audit.head()
    expect(isAnywhere('House 1')).toBe(true)
    expect(() => office.store.forget(site, operator)).toThrow('expected a gateway that is retired, it is active')
    take(office.store, 'pi-1', 'retire', operator)
    expect(office.store.forget(site, operator)).toBe(true)
    expect(isAnywhere('House 1')).toBe(false)
    expect(isAnywhere('House 2')).toBe(true)
    expect(office.store.forget(site, operator)).toBe(false)
    expect(pi1()).toMatchObject({ serial: 'pi-1', household: '', site, member, state: 'retired' })
    const anchor = { number: head?.number ?? 0, hash: Buffer.from(head?.hash ?? []).toString('hex') }
    expect(office.store.audit.verify([anchor])).toMatchObject({ ok: true })
    expect(office.store.audit.entries().filter(({ event }) => event === 'forget')).toHaveLength(1)
    // its row comes again with the old list: it stays forgotten
    const lines = parseManifest(manifestOf(2), 'm.csv')
    const options = { community: 1, nowMs: AT_MS }
    expect(await importManifest(office, lines, 'm.csv', options)).toMatchObject({ added: 0, known: 2 })
    expect(isAnywhere('House 1')).toBe(false)
    expect(office.store.sites().map(({ serial }) => serial)).toEqual(['pi-1', 'pi-2'])
  })

  it('is said to be there yet while somebody else reads what was before, and goes with another try', async () => {
    const { site } = pi1()
    take(office.store, 'pi-1', 'retire', operator)
    const reader = new Database(join(office.dir, 'provisioning.db'), { readonly: true })
    const rows = reader.prepare('SELECT household FROM sites').iterate()
    rows.next()
    expect(() => office.store.forget(site, operator)).toThrow(/say it again/)
    rows.return?.()
    reader.close()
    expect(office.store.forget(site, operator)).toBe(false)
    expect(isAnywhere('House 1')).toBe(false)
  })

  it('was never in the log: no event says who lives there', async () => {
    await enrol(keys)
    move()
    take(office.store, 'pi-1', 'retire', operator)
    office.store.forget(pi1().site, operator)
    const log = JSON.stringify(office.store.audit.entries())
    for (const household of ['House 1', 'House 2', 'House 9']) expect(log).not.toContain(household)
  })
})

describe('a store of before gateways could move on', () => {
  it('is brought up to date with all that is in it', async () => {
    await enrol(keys)
    const path = join(office.dir, 'before.db')
    const now = new Database(join(office.dir, 'provisioning.db'))
    now.exec(`VACUUM INTO '${path}'`)
    now.close()
    const old = new Database(path)
    // as the steps before made it, with a column and an index that somebody else has added
    old.pragma('foreign_keys = OFF')
    old.exec(`
      ALTER TABLE gateway_statuses DROP COLUMN devices_json;
      DROP TABLE renewals; ALTER TABLE certificates DROP COLUMN not_before_ms;
      ALTER TABLE certificates DROP COLUMN issued_ms; ALTER TABLE certificates DROP COLUMN root;
      ALTER TABLE certificates DROP COLUMN key_hash;
      DROP INDEX sites_by_serial; DROP INDEX sites_by_household; DROP TABLE strangers; DROP TABLE told;
      CREATE TABLE old (site TEXT PRIMARY KEY, serial TEXT NOT NULL UNIQUE, household TEXT NOT NULL UNIQUE,
        member TEXT NOT NULL, zone INTEGER NOT NULL, cap_import_wh INTEGER NOT NULL, cap_export_wh INTEGER NOT NULL,
        gateway TEXT NOT NULL UNIQUE, state TEXT NOT NULL DEFAULT 'expected', is_approved INTEGER NOT NULL DEFAULT 0,
        on_chain INTEGER NOT NULL DEFAULT 0, chain_key TEXT, claim_hash BLOB UNIQUE,
        claim_written INTEGER NOT NULL DEFAULT 0, claim_expires_ms INTEGER NOT NULL DEFAULT 0, asked_ms INTEGER,
        signing_key TEXT, tls_key BLOB, grant_json TEXT) STRICT;
      INSERT INTO old SELECT site, serial, household, member, zone, cap_import_wh, cap_export_wh, gateway, state,
        is_approved, on_chain, chain_key, claim_hash, claim_written, claim_expires_ms, asked_ms, signing_key, tls_key,
        grant_json FROM sites ORDER BY rowid;
      DROP TABLE sites; ALTER TABLE old RENAME TO sites;
      ALTER TABLE sites ADD COLUMN label TEXT NOT NULL DEFAULT 'kept'; CREATE INDEX by_label ON sites (label);
    `)
    old.pragma('user_version = 3')
    old.close()
    const store = openStore(path, signingKeyFromSeed(new Uint8Array(32).fill(1)))
    expect(store.sites()).toEqual(office.store.sites())
    expect(store.siteByClaim(sha256(Buffer.from(office.claim().claim, 'hex')))).toMatchObject({ isClaimSpent: true })
    const step = store.transfer(pi1().site, { ...pi1(), site: 'new', household: 'House 9', gateway: 'g' }, operator)
    expect(step.ok).toBe(true)
    expect(store.refusedCertificates(AT_MS)).toHaveLength(1)
    store.close()
    const after = new Database(path)
    expect(after.pragma('foreign_key_check')).toEqual([])
    expect(after.prepare("SELECT name FROM sqlite_master WHERE name = 'by_label'").all()).toHaveLength(1)
    expect(after.prepare('SELECT label FROM sites').pluck().all()).toEqual(['kept', 'kept', 'kept'])
    after.close()
  })
})
