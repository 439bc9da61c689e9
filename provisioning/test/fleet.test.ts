import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { signingKeyFromSeed } from '@wattfleet/protocol'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openStore } from '../src/adapters/store.ts'
import { reissueClaim } from '../src/claims.ts'
import {
  ABANDONED_AFTER_MS,
  abandonStale,
  admittedPath,
  approve,
  gatewayOf,
  listedSoon,
  type OperatorEvent,
  refusedKeeper,
  refusedKeysBeside,
  refusedNamesBeside,
  take,
  writeRefused,
} from '../src/fleet.ts'
import { registerAll, revokeAll } from '../src/register.ts'
import {
  AT_MS,
  type GatewayKeys,
  gatewayKeys,
  type TestOffice,
  temporaryFolder,
  testOffice,
} from './fixtures/office.ts'

const signal = new AbortController().signal
const operator = { actor: 'operator', atMs: AT_MS } as const
let office: TestOffice
let keys: GatewayKeys
beforeEach(async () => {
  office = await testOffice(2)
  keys = await gatewayKeys('pi-1')
})
afterEach(() => office.close())

const stateOf = (serial: string) => gatewayOf(office.store, serial).state
const enrol = async (of = keys, n = 0) => office.post(await of.request(office.claim(n).claim))
const say = (event: OperatorEvent, serial = 'pi-1') => take(office.store, serial, event, operator)
const fingerprintOf = () =>
  office.store.audit.entries().flatMap(({ event, detail }) => (event === 'activate' ? [detail.fingerprint] : []))

describe('a claim that is used where it must not be', () => {
  it('with another serial holds both gateways, and says so', async () => {
    const thief = await gatewayKeys('pi-2')
    expect(await enrol(thief)).toMatchObject({ status: 409, body: { error: 'claim-used' } })
    expect([stateOf('pi-1'), stateOf('pi-2')]).toEqual(['quarantined', 'quarantined'])
    expect(office.alerts).toEqual([
      { serials: ['pi-1', 'pi-2'], why: 'the claim of pi-1 was used by the gateway pi-2' },
    ])
    expect(await enrol()).toMatchObject({ status: 403, body: { error: 'quarantined' } })
    expect(office.store.audit.entries().slice(-2)).toMatchObject([
      { actor: 'gateway', event: 'conflict', detail: { claimOf: 'pi-1', serial: 'pi-2' } },
      { actor: 'gateway', event: 'conflict', detail: { claimOf: 'pi-1', serial: 'pi-2' } },
    ])
  })

  it('with a serial that nobody knows holds its own gateway', async () => {
    expect((await enrol(await gatewayKeys('pi-9'))).body.error).toBe('claim-used')
    expect([stateOf('pi-1'), stateOf('pi-2')]).toEqual(['quarantined', 'expected'])
  })

  it('a second time by other keys holds the gateway that trades with it, and its certificate', async () => {
    expect((await enrol()).status).toBe(200)
    expect((await enrol(await gatewayKeys('pi-1'))).body.error).toBe('claim-used')
    expect(stateOf('pi-1')).toBe('quarantined')
    expect(office.store.refusedCertificates(AT_MS)).toEqual(fingerprintOf())
    // the operator has looked: the first keys are the right ones
    say('release')
    expect(stateOf('pi-1')).toBe('active')
    expect(office.store.refusedCertificates(AT_MS)).toEqual([])
    expect((await enrol()).status).toBe(200)
  })

  it('with ever new serials holds one other gateway at most', async () => {
    office.close()
    office = await testOffice(4)
    for (const serial of ['pi-2', 'pi-3', 'pi-4']) {
      expect((await enrol(await gatewayKeys(serial))).body.error).toBe('claim-used')
    }
    expect(['pi-1', 'pi-2', 'pi-3', 'pi-4'].map(stateOf)).toEqual([
      ...['quarantined', 'quarantined', 'expected', 'expected'],
    ])
  })

  it('without its secret, or with a proof for another serial, holds nobody', async () => {
    expect((await office.post(await keys.request('00'.repeat(32)))).body.error).toBe('unknown-claim')
    const { proof } = await keys.request(office.claim().claim)
    const lie = await keys.request(office.claim().claim, { serial: 'pi-2' })
    expect((await office.post({ ...lie, proof })).body.error).toBe('bad-proof')
    expect([stateOf('pi-1'), stateOf('pi-2')]).toEqual(['expected', 'expected'])
  })

  it('too late is refused, unless its keys were bound in time', async () => {
    office.time.nowMs = AT_MS + office.claims.validMs
    expect(await enrol()).toMatchObject({ status: 410, body: { error: 'claim-expired' } })
    office.time.nowMs -= 1
    expect((await enrol()).status).toBe(200)
    office.time.nowMs += 86_400_000
    expect((await enrol()).status).toBe(200)
  })
})

describe('a gateway that is let in by hand', () => {
  it('waits until somebody has approved it', async () => {
    await office.close()
    office = await testOffice(1, { approval: true })
    expect(await enrol()).toMatchObject({
      status: 202,
      body: { error: 'awaiting-approval' },
      headers: { 'retry-after': '5' },
    })
    expect([stateOf('pi-1'), office.chain.keys.size]).toEqual(['claimed', 0])
    approve(office.store, 'pi-1', operator)
    approve(office.store, 'pi-1', operator)
    expect((await enrol()).status).toBe(200)
    expect(stateOf('pi-1')).toBe('active')
    expect(office.store.audit.entries().filter(({ event }) => event === 'approve')).toHaveLength(1)
    expect(() => approve(office.store, 'pi-1', operator)).toThrow(/expected a gateway that is claimed, it is active/)
  })
})

describe('an enrolment that was not completed', () => {
  it('is given up after an hour without a word, and its claim is free for other keys', async () => {
    office.chain.away = 'before'
    await enrol()
    office.time.nowMs += ABANDONED_AFTER_MS - 1
    await enrol() // still asking
    office.time.nowMs += ABANDONED_AFTER_MS - 1
    expect(abandonStale(office.store, office.time.nowMs)).toEqual([])
    office.time.nowMs += 1
    expect(abandonStale(office.store, office.time.nowMs)).toEqual(['pi-1'])
    expect(stateOf('pi-1')).toBe('expected')
    office.chain.away = undefined
    expect((await enrol(await gatewayKeys('pi-1'))).status).toBe(200)
    office.time.nowMs += 10 * ABANDONED_AFTER_MS
    expect(abandonStale(office.store, office.time.nowMs)).toEqual([])
  })
})

describe('what the operator says', () => {
  it('stops a gateway for a while: its certificate is not let in, and its key stays', async () => {
    await enrol()
    const path = join(office.dir, 'refused.txt')
    const refused = () => {
      writeRefused(office.store, path, AT_MS)
      return readFileSync(path, 'utf8').split('\n').slice(1, -1)
    }
    const admitted = () => readFileSync(admittedPath(office.dir), 'utf8').split('\n').slice(1, -1)
    expect(refused()).toEqual([])
    expect(admitted()).toEqual(fingerprintOf())
    say('suspend')
    expect(refused()).toEqual(fingerprintOf())
    expect(admitted()).toEqual([])
    say('suspend')
    say('resume')
    expect(refused()).toEqual([])
    expect(admitted()).toEqual(fingerprintOf())
    expect(office.store.audit.entries().filter(({ event }) => event === 'suspend')).toHaveLength(1)
  })

  it('writes the lists that are another by it, and leaves the others as they lie', async () => {
    await enrol()
    const path = join(office.dir, 'refused.txt')
    const files = [path, admittedPath(office.dir), refusedKeysBeside(path), refusedNamesBeside(path)]
    // a file that is written is another one
    const places = () => files.map((file) => statSync(file).ino)
    writeRefused(office.store, path, AT_MS)
    const first = places()
    writeRefused(office.store, path, AT_MS)
    expect(places()).toEqual(first)
    say('suspend')
    writeRefused(office.store, path, AT_MS)
    expect(places().map((place, at) => place !== first[at])).toEqual([true, true, true, true])
    const [, ...others] = places()
    rmSync(path)
    writeRefused(office.store, path, AT_MS)
    expect(places().slice(1)).toEqual(others)
    expect(readFileSync(path, 'utf8')).toContain(fingerprintOf()[0])
  })

  it('reaches brokers that know names: those that may not connect, until they may again', async () => {
    const path = join(office.dir, 'refused.txt')
    const listed = () => {
      writeRefused(office.store, path, AT_MS)
      return readFileSync(refusedNamesBeside(path), 'utf8').split('\n').slice(1, -1)
    }
    const { gateway } = gatewayOf(office.store, 'pi-1')
    expect(listed()).toEqual([])
    await enrol()
    expect(listed()).toEqual([])
    say('suspend')
    expect(listed()).toEqual([gateway])
    say('resume')
    expect(listed()).toEqual([])
    say('revoke')
    reissueClaim(office.store, office.claims, gatewayOf(office.store, 'pi-1').site, operator)
    expect(listed()).toEqual([gateway])
  })

  it('reaches the hub: the keys of all that may not trade are listed beside it, as long as the chain may take them', async () => {
    const path = join(office.dir, 'refused.txt')
    const listed = () => {
      writeRefused(office.store, path, AT_MS)
      return readFileSync(refusedKeysBeside(path), 'utf8').split('\n').slice(1, -1)
    }
    office.chain.away = 'before'
    await enrol()
    // bound, but not on the chain and without a certificate: let in the moment it has one
    expect([stateOf('pi-1'), listed()]).toEqual(['claimed', []])
    office.chain.away = undefined
    await enrol()
    expect(listed()).toEqual([])
    for (const [stop, go] of [
      ['suspend', 'resume'],
      ['conflict', 'release'],
    ] as const) {
      office.store.move(gatewayOf(office.store, 'pi-1').site, stop, operator)
      expect(listed()).toEqual([keys.signingKey])
      say(go)
      expect(listed()).toEqual([])
    }
    say('revoke')
    expect(listed()).toEqual([keys.signingKey])
    reissueClaim(office.store, office.claims, gatewayOf(office.store, 'pi-1').site, operator)
    expect(listed()).toEqual([keys.signingKey])
    // off the chain: from now on the hub hears it from there
    expect(await revokeAll(office.store, office.chain, signal)).toEqual([])
    expect(listed()).toEqual([])
  })

  it('is in the list of the broker also where it was said while that list was made', async () => {
    await enrol()
    const path = join(office.dir, 'refused.txt')
    const listed = () => readFileSync(path, 'utf8').split('\n').slice(1, -1)
    // another process, between the store's answer and the file
    let between = () => {}
    const store = {
      ...office.store,
      refusedCertificates(nowMs: number) {
        const refused = office.store.refusedCertificates(nowMs)
        between()
        between = () => {}
        return refused
      },
    }
    const keep = refusedKeeper(store, path)
    between = () => void say('suspend')
    keep(AT_MS)
    expect(listed()).toEqual([])
    keep(AT_MS)
    expect(listed()).toEqual(fingerprintOf())
    // and is left alone where nothing has changed
    writeFileSync(path, 'as it was')
    keep(AT_MS)
    expect(readFileSync(path, 'utf8')).toBe('as it was')
  })

  it('and what is enrolled reaches the list before the answer does, many in one writing', async () => {
    const path = join(office.dir, 'refused.txt')
    let written = 0
    const keep = refusedKeeper(office.store, path)
    const listed = listedSoon(
      (atMs) => {
        written += 1
        keep(atMs)
      },
      () => AT_MS,
    )
    await enrol()
    await Promise.all([listed(), listed(), listed()])
    expect(written).toBe(1)
    expect(readFileSync(admittedPath(office.dir), 'utf8')).toContain(fingerprintOf()[0])
    await listed()
    expect(written).toBe(2)
  })

  it('revokes: the key goes off the chain, and with a new claim it comes back in another epoch', async () => {
    const { body: first } = await enrol()
    const [fingerprint] = fingerprintOf()
    say('revoke')
    expect((await enrol()).body.error).toBe('unknown-claim')
    office.chain.away = 'before'
    expect(await revokeAll(office.store, office.chain, signal)).toHaveLength(1)
    office.chain.away = 'after'
    expect(await revokeAll(office.store, office.chain, signal)).toHaveLength(1)
    office.chain.away = undefined
    expect(await revokeAll(office.store, office.chain, signal)).toEqual([])
    const { site } = gatewayOf(office.store, 'pi-1')
    expect(office.chain.keys.get(site)?.signingKey).toBe('')
    expect(gatewayOf(office.store, 'pi-1').chainKey).toBeUndefined()
    reissueClaim(office.store, office.claims, site, { ...operator, detail: { reason: 'reset' } })
    const { status, body } = await enrol(await gatewayKeys('pi-1'))
    expect([status, body.gateway]).toEqual([200, first.gateway])
    expect(body.epoch).toBeGreaterThan(first.epoch)
    expect(office.store.audit.entries().findLast(({ event }) => event === 'reissue')?.detail).toMatchObject({
      reason: 'reset',
    })
    // the dead certificate stays refused as long as it would be valid, and only the new one is let in
    expect(office.store.refusedCertificates(AT_MS)).toEqual([fingerprint])
    expect(office.store.admittedCertificates(AT_MS)).toHaveLength(1)
    expect(office.store.admittedCertificates(AT_MS)).not.toContain(fingerprint)
    expect(office.store.admittedCertificates(AT_MS + 400 * 86_400_000)).toEqual([])
    expect(office.store.refusedCertificates(AT_MS + 400 * 86_400_000)).toEqual([])
  })

  it('retires for good', async () => {
    await enrol()
    say('retire')
    expect(() =>
      reissueClaim(office.store, office.claims, gatewayOf(office.store, 'pi-1').site, {
        actor: 'operator',
        atMs: AT_MS,
      }),
    ).toThrow(/it is retired/)
    expect(await revokeAll(office.store, office.chain, signal)).toEqual([])
    expect(office.store.refusedCertificates(AT_MS)).toEqual(fingerprintOf())
  })

  it('of a gateway in another state, or of none, is refused with the reason', () => {
    expect(() => say('suspend')).toThrow('pi-1: suspend: expected a gateway that is active, it is expected')
    expect(() => say('revoke', 'pi-7')).toThrow('no gateway has the serial, the site or the name pi-7')
  })

  it('while the chain takes its key: the key comes off again', async () => {
    const enrolOnChain = office.chain.enrol
    office.chain.enrol = async (...given) => {
      const answer = await enrolOnChain(...given)
      say('revoke')
      return answer
    }
    expect((await enrol()).body.error).toBe('unknown-claim')
    expect(office.chain.keys.get(gatewayOf(office.store, 'pi-1').site)?.signingKey).toBe(keys.signingKey)
    expect(await revokeAll(office.store, office.chain, signal)).toEqual([])
    expect(office.chain.keys.get(gatewayOf(office.store, 'pi-1').site)?.signingKey).toBe('')
  })

  it('leaves the other gateways as they are', async () => {
    await enrol()
    await enrol(await gatewayKeys('pi-2'), 1)
    say('retire')
    await revokeAll(office.store, office.chain, signal)
    expect(await registerAll(office.store, office.chain, { community: 1 }, signal)).toEqual([])
    expect(stateOf('pi-2')).toBe('active')
    expect(office.chain.keys.get(gatewayOf(office.store, 'pi-2').site)?.signingKey).not.toBe('')
  })
})

describe('a store of before serials and states', () => {
  it('is brought up to date', async () => {
    const dir = temporaryFolder()
    const path = join(dir.path, 'old.db')
    const { body: grant } = await enrol()
    const old = new Database(path)
    old.exec(`
      CREATE TABLE sites (site TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, member TEXT NOT NULL, zone INTEGER NOT NULL,
        cap_import_wh INTEGER NOT NULL, cap_export_wh INTEGER NOT NULL, gateway TEXT NOT NULL UNIQUE,
        on_chain INTEGER NOT NULL DEFAULT 0, claim_hash BLOB UNIQUE, claim_written INTEGER NOT NULL DEFAULT 0,
        signing_key TEXT, tls_key BLOB, grant_json TEXT) STRICT;
      INSERT INTO sites VALUES ('s1', 'House 1', 'm', 1, 3000, 2500, 'g1', 1, x'01', 1, 'key', x'02', NULL);
      INSERT INTO sites VALUES ('s2', 'House 2', 'm', 1, 3000, 2500, 'g2', 0, x'03', 1, 'key2', x'04', NULL);
      INSERT INTO sites VALUES ('s3', 'House 3', 'm', 1, 3000, 2500, 'g3', 0, NULL, 0, NULL, NULL, NULL);
    `)
    old.prepare("UPDATE sites SET grant_json = ? WHERE site = 's1'").run(JSON.stringify(grant))
    old.close()
    for (let opened = 0; opened < 2; opened++) {
      const store = openStore(path, signingKeyFromSeed(new Uint8Array(32).fill(1)))
      expect(
        store
          .sites()
          .map(({ serial, household, state, chainKey, grant }) => ({ serial, household, state, chainKey, grant })),
      ).toEqual([
        { serial: 'g1', household: 'House 1', state: 'active', chainKey: 'key', grant },
        { serial: 'g2', household: 'House 2', state: 'claimed', chainKey: 'key2', grant: undefined },
        { serial: 'g3', household: 'House 3', state: 'expected', chainKey: undefined, grant: undefined },
      ])
      store.move('s1', 'suspend', operator)
      // its certificate is known from its grant
      expect(store.refusedCertificates(AT_MS)).toEqual(fingerprintOf())
      store.move('s1', 'resume', operator)
      store.close()
    }
    dir.remove()
  })
})

describe('a gateway that lost what it was granted, and has its first keys', () => {
  it('gets a certificate for them again after it had been renewed, in place of all others', async () => {
    const first = (await enrol()).body
    office.time.nowMs += 60 * 86_400_000
    const renewed = (await office.post(await keys.renewal(first), '/v1/renew')).body
    expect((await office.post(keys.provenWord(renewed), '/v1/renew/proven')).status).toBe(200)
    const again = await enrol()
    expect(again.status).toBe(200)
    const certificate = new X509Certificate(again.body.certificatePem)
    expect(certificate.checkPrivateKey(createPrivateKey(keys.tlsPrivateKeyPem))).toBe(true)
    expect(again.body.epoch).toBe(first.epoch)
    expect(office.store.refusedCertificates(office.time.nowMs)).toHaveLength(2)
    // and from then on the same
    expect((await enrol()).body).toEqual(again.body)
    expect(office.store.audit.entries().at(-1)).toMatchObject({ event: 'granted-again' })
  })
})
