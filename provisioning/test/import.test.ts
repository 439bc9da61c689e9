import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sha256 } from '@wattfleet/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseManifest, readManifest } from '../src/adapters/manifest-file.ts'
import { openStore } from '../src/adapters/store.ts'
import { keepAuditKey } from '../src/audit-key.ts'
import { type ClaimSettings, claimPath, issueMissingClaims, reissueClaim } from '../src/claims.ts'
import { importManifest } from '../src/import.ts'
import type { Store } from '../src/ports.ts'
import { registerAll } from '../src/register.ts'
import { memoryChain } from './fixtures/memory-registrar.ts'
import { AT_MS, filesIn, manifestOf, temporaryFolder } from './fixtures/office.ts'

const HEADER = 'site,household,member,zone,capImportWh,capExportWh,serial'
const MEMBER = '5a'.repeat(32)
const SITE = '01'.repeat(16)

let dir: ReturnType<typeof temporaryFolder>
let store: Store
let claims: ClaimSettings

beforeEach(() => {
  dir = temporaryFolder()
  store = openStore(join(dir.path, 'test.db'), keepAuditKey(join(dir.path, 'audit.key')))
  claims = { claimsDir: join(dir.path, 'claims'), publicUrl: 'https://127.0.0.1:8443', caPem: 'the CA', validMs: 1_000 }
})
afterEach(() => {
  store.close()
  dir.remove()
})

/** Rows without a serial: the household's name is its gateway's. */
const withSerials = (rows: readonly string[]) =>
  rows.map((row) => `${row},${row.split(',')[1]?.replaceAll(' ', '-') || 'none'}`)
const importWhole = async (text: string) =>
  importManifest({ store, claims }, parseManifest(text, 'm.csv'), 'm.csv', { community: 7, nowMs: AT_MS })
const importText = (...rows: string[]) => importWhole([HEADER, ...withSerials(rows)].join('\n'))

describe('importManifest', () => {
  it('adds every row with a random site where none is given, and a gateway id', async () => {
    expect(await importText(`${SITE},first,${MEMBER},1,3000,0`, `,second,${MEMBER},2,3000,2500`)).toMatchObject({
      added: 2,
      known: 0,
    })
    const [first, second] = store.sites()
    expect(first).toMatchObject({
      site: SITE,
      household: 'first',
      serial: 'first',
      state: 'expected',
      member: MEMBER,
      zone: 1,
      capImportWh: 3000,
      capExportWh: 0,
    })
    expect(second?.site).toMatch(/^[0-9a-f]{32}$/)
    expect(first?.gateway).toMatch(/^[a-z2-7]{26}$/)
    expect(first?.gateway).not.toBe(second?.gateway)
  })

  it('changes nothing when it is imported again, and adds what is new', async () => {
    await importText(`${SITE},first,${MEMBER},1,3000,0`, `,second,${MEMBER},2,3000,2500`)
    const before = store.sites()
    expect(await importText(`${SITE},first,${MEMBER},1,3000,0`, `,second,${MEMBER},2,3000,2500`)).toMatchObject({
      added: 0,
      known: 2,
    })
    expect(store.sites()).toEqual(before)
    expect(await importText(`,second,${MEMBER},2,3000,2500`, `,third,${MEMBER},2,3000,2500`)).toMatchObject({
      added: 1,
      known: 1,
    })
  })

  it('names every bad row with line and reason, and imports nothing', async () => {
    await importText(`,old,${MEMBER},1,3000,0`)
    const rows = [
      `,good,${MEMBER},1,3000,0`,
      `xyz,bad site,${MEMBER},1,3000,0`,
      `,bad member,abcd,1,3000,0`,
      `,,${MEMBER},-1,0,4294967296`,
      `,short,${MEMBER},1,3000`,
      `${SITE},one,${MEMBER},1,3000,0`,
      `${SITE},two,${MEMBER},1,3000,0`,
      `,good,${MEMBER},1,3000,0`,
      `,old,${MEMBER},1,9999,0`,
    ]
    let message = ''
    try {
      await importText(...rows)
    } catch (error) {
      message = (error as Error).message
    }
    expect(message.split('\n')).toEqual([
      'm.csv:3: site: expected 32 hex digits, got "xyz"',
      'm.csv:4: member: expected 64 hex digits, got "abcd"',
      'm.csv:5: household: expected 1 to 100 characters',
      'm.csv:5: zone: expected a whole number from 0 to 4294967295, got "-1"',
      'm.csv:5: capImportWh: expected a whole number from 1 to 4294967295, got "0"',
      'm.csv:5: capExportWh: expected a whole number from 0 to 4294967295, got "4294967296"',
      'm.csv:6: expected 7 fields, got 6',
      'm.csv:6: serial: expected up to 64 letters, digits and . _ : -, got ""',
      'm.csv:6: capExportWh: expected a whole number from 0 to 4294967295, got "short"',
      `m.csv:8: site ${SITE} is in line 7 already`,
      'm.csv:9: serial good is in line 2 already',
      'm.csv:9: household "good" is in line 2 already',
      'm.csv:10: serial old exists with other figures: capImportWh was 3000: leave them as they were; `transfer` takes a gateway to another household',
    ])
    expect(store.sites().map(({ household }) => household)).toEqual(['old'])
  })

  it.each<[string, string, RegExp]>([
    ['nothing', '', /m\.csv:1: the header is missing/],
    ['a wrong header', `${HEADER},colour\n`, /m\.csv:1: column "colour" is unknown/],
    ['a column too few', 'serial,household\n', /m\.csv:1: column member is missing\nm\.csv:1: column zone is missing/],
    ['semicolons', `${HEADER.replaceAll(',', ';')}\n`, /m\.csv:1: columns are separated by semicolons/],
    ['a quote that does not end', `${HEADER}\n,"open,${MEMBER},1,3000,0\n`, /m\.csv:\d+: /],
  ])('names %s', async (_name, text, message) => {
    await expect(importWhole(text)).rejects.toThrow(message)
    expect(store.sites()).toEqual([])
  })

  it('reads columns in any order, a byte order mark, and quoted names', async () => {
    const path = join(dir.path, 'm.csv')
    const header = '\ufeffhousehold,site,zone,member,capExportWh,capImportWh,serial'
    writeFileSync(path, `${header}\r\n"Mill, upper",,7,${MEMBER},1,2,10000000a3b4c5d6\r\n`)
    await importManifest({ store, claims }, readManifest(path), path, { community: 7, nowMs: AT_MS })
    expect(store.sites()[0]).toMatchObject({
      household: 'Mill, upper',
      serial: '10000000a3b4c5d6',
      zone: 7,
      capExportWh: 1,
      capImportWh: 2,
    })
    expect(() => readManifest(join(dir.path, 'none.csv'))).toThrow(/none\.csv: cannot be read/)
  })
})

describe('an import that is stopped', () => {
  it('begins no further batch, says what is left, and goes on when it is asked again', async () => {
    const stop = new AbortController()
    const told: number[] = []
    const onProgress = (done: number, total: number) => {
      told.push(done)
      if (done > 0) stop.abort()
      expect(total).toBe(600)
    }
    const lines = parseManifest(manifestOf(600), 'm.csv')
    const options = { community: 7, nowMs: AT_MS, onProgress, signal: stop.signal }
    const { added, left, claims: written } = await importManifest({ store, claims }, lines, 'm.csv', options)
    expect([added, left, written.length, store.sites().length]).toEqual([250, 350, 250, 250])
    expect(told).toEqual([0, 250])
    expect(await importWhole(manifestOf(600))).toMatchObject({ added: 350, known: 250, left: 0 })
  })

  it('where the disk does not take the claims leaves neither rows nor drafts', async () => {
    writeFileSync(join(dir.path, 'claims'), 'no folder')
    await expect(importWhole(manifestOf(3))).rejects.toMatchObject({
      code: 'store',
      message: expect.stringMatching(/claims: (EEXIST|ENOTDIR)/),
    })
    expect(store.sites()).toEqual([])
  })
})

describe('a claim that the maker has put on the gateway', () => {
  const CLAIM = 'c1'.repeat(32)
  const importing = (claim: string) =>
    importWhole(`${HEADER},claim\n,first,${MEMBER},1,3000,0,pi-1,${claim}\n,second,${MEMBER},1,3000,0,pi-2,\n`)

  it('is in force from its row on, as a hash, without a file', async () => {
    const { claims: written } = await importing(CLAIM)
    expect(written).toEqual([claimPath(claims.claimsDir, 'pi-2')])
    expect(store.siteByClaim(sha256(Buffer.from(CLAIM, 'hex')))).toMatchObject({
      ...{ serial: 'pi-1', claimWritten: true, claimExpiresMs: AT_MS + claims.validMs },
    })
    expect(await importing(CLAIM)).toMatchObject({ added: 0, known: 2, claims: [] })
    // another one was put in force since: the list is what it was
    const { site } = store.siteBySerial('pi-1') ?? { site: '' }
    reissueClaim(store, claims, site, { actor: 'operator', atMs: AT_MS })
    expect(await importing(CLAIM)).toMatchObject({ added: 0, known: 2, claims: [] })
    expect(store.siteByClaim(sha256(Buffer.from(CLAIM, 'hex')))).toBeUndefined()
  })
})

describe('a list that a spreadsheet saved', () => {
  it('in another encoding is refused with its line', () => {
    const path = join(dir.path, 'latin1.csv')
    writeFileSync(path, Buffer.from(`${HEADER}\n,Mühle,${MEMBER},1,3000,0,pi-1\n`, 'latin1'))
    expect(() => readManifest(path)).toThrow(/latin1\.csv:2: is not UTF-8/)
    writeFileSync(path, `${HEADER}\n,Mühle,${MEMBER},1,3000,0,pi-1\n`)
    expect(readManifest(path)[1]?.fields[1]).toBe('Mühle')
  })

  it.each(['=cmd|calc', '+1', '-1', '@SUM(A1)'])('does not bring formulae: %s', async (household) => {
    await expect(importText(`,${household},${MEMBER},1,3000,0`)).rejects.toThrow(/is a formula to a spreadsheet/)
  })
})

describe('a gateway of the manifest', () => {
  it.each([
    [
      'another household',
      `,other,${MEMBER},1,3000,0,first`,
      /serial first exists with other figures: household was first/,
    ],
    ['a household that has one', `,first,${MEMBER},1,3000,0,other`, /household "first" has the gateway first already/],
    ['a site that has one', `${SITE},other,${MEMBER},1,3000,0,other`, /site 01.* has the gateway first already/],
    ['no serial', `,other,${MEMBER},1,3000,0,`, /serial: expected up to 64/],
  ])('is not taken with %s', async (_, row, message) => {
    await importText(`${SITE},first,${MEMBER},1,3000,0`)
    await expect(importWhole(`${HEADER}\n${row}`)).rejects.toThrow(message)
    expect(store.sites()).toHaveLength(1)
  })
})

describe('claims', () => {
  let done: Awaited<ReturnType<typeof importWhole>>
  beforeEach(async () => {
    done = await importWhole(manifestOf(3))
  })

  it('are written once per gateway, for the owner only, and stored nowhere', async () => {
    const paths = done.claims
    expect(paths).toEqual(store.sites().map(({ serial }) => claimPath(claims.claimsDir, serial)))
    for (const path of paths) expect(statSync(path).mode & 0o777).toBe(0o600)
    const { claim, ...rest } = JSON.parse(readFileSync(paths[0] ?? '', 'utf8'))
    expect(rest).toEqual({ url: 'https://127.0.0.1:8443', caPem: 'the CA' })
    expect(claim).toMatch(/^[0-9a-f]{64}$/)
    const bytes = Buffer.concat(
      filesIn(dir.path)
        .filter((f) => f.startsWith('test.db'))
        .map((f) => readFileSync(join(dir.path, f))),
    )
    expect(bytes.includes(claim) || bytes.includes(Buffer.from(claim, 'hex'))).toBe(false)
    expect(issueMissingClaims(store, claims, AT_MS)).toEqual([])
  })

  it('are issued again after a crash between the commit and the file', async () => {
    const [first] = store.sites()
    const path = claimPath(claims.claimsDir, first?.serial ?? '')
    store.setClaim(first?.site ?? '', new Uint8Array(32).fill(9), AT_MS + 1, { actor: 'operator', atMs: AT_MS }) // as far as the dead process came
    rmSync(path)
    expect(issueMissingClaims(store, claims, AT_MS)).toEqual([path])
    expect(JSON.parse(readFileSync(path, 'utf8')).claim).toMatch(/^[0-9a-f]{64}$/)
  })

  it('stay in force when another one cannot be written', async () => {
    const [first] = store.sites()
    const path = claimPath(claims.claimsDir, first?.serial ?? '')
    const before = readFileSync(path, 'utf8')
    const blocked = { ...claims, claimsDir: join(dir.path, 'test.db', 'no folder') }
    expect(() => reissueClaim(store, blocked, first?.site ?? '', { actor: 'operator', atMs: AT_MS })).toThrow()
    expect(store.site(first?.site ?? '')?.claimWritten).toBe(true)
    expect(readFileSync(path, 'utf8')).toBe(before)
    chmodSync(path, 0o600)
  })
})

describe('registerAll', () => {
  const settings = { community: 7, initialFundsNano: 5_000n }
  const signal = new AbortController().signal

  it('brings every site to the chain and funds every member once', async () => {
    const chain = memoryChain()
    await importText(`${SITE},a,${MEMBER},1,3000,0`, `,b,${MEMBER},2,3000,2500`)
    expect(await registerAll(store, chain, settings, signal)).toEqual([])
    expect(chain.sites.size).toBe(2)
    expect(chain.sites.get(SITE)).toEqual({
      ...{ site: SITE, community: 7, member: MEMBER, zone: 1, capImportWh: 3000, capExportWh: 0 },
    })
    expect([...chain.issued.values()]).toEqual([{ member: MEMBER, amountNano: 5_000n }])
    expect(store.sites().every(({ onChain }) => onChain)).toBe(true)
  })

  it('funds accounts in roles once, by an amount of their own', async () => {
    const chain = memoryChain()
    const engine = '5e'.repeat(32)
    const roles = { community: 7, roleFunds: [{ account: engine, amountNano: 900n }] }
    expect(await registerAll(store, chain, roles, signal)).toEqual([])
    expect(await registerAll(store, chain, roles, signal)).toEqual([])
    expect([...chain.issued.values()]).toEqual([{ member: engine, amountNano: 900n }])
  })

  it('goes on where it stopped when the chain was away, without paying twice', async () => {
    const chain = memoryChain()
    await importText(`${SITE},a,${MEMBER},1,3000,0`)
    for (const away of ['before', 'after'] as const) {
      chain.away = away
      expect(await registerAll(store, chain, settings, signal)).toHaveLength(2)
    }
    chain.away = undefined
    expect(await registerAll(store, chain, settings, signal)).toEqual([])
    expect([chain.sites.size, chain.issued.size]).toEqual([1, 1])
  })

  it('ends when it is told to, even if the chain never answers', async () => {
    await importText(`${SITE},a,${MEMBER},1,3000,0`)
    const stop = new AbortController()
    const chain = { ...memoryChain(), ensureSite: () => new Promise<void>(() => {}) }
    const faults = registerAll(store, chain, { community: 7, initialFundsNano: undefined }, stop.signal)
    stop.abort()
    expect(await faults).toMatchObject([{ code: 'chain', retryable: true }])
  })
})
