import { createPrivateKey, X509Certificate } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newKey } from '../src/authority/certificates.ts'
import { encryptKey } from '../src/authority/encrypted-key.ts'
import { pathLengthOf } from '../src/authority/root.ts'
import { certificatesIn, fingerprintIn } from '../src/authority/trust.ts'
import { caCommands } from '../src/commands/ca.ts'
import type { Asked } from '../src/commands/command.ts'
import { rootCommands } from '../src/commands/root.ts'
import { provisioningConfig } from '../src/config.ts'
import { createAuthority, issueHubCertificate } from '../src/index.ts'
import { authorityDir, lookInto, openLedger, openOffice, serviceIdentity } from '../src/office.ts'
import type { Store } from '../src/ports.ts'
import { type Fleet, fleetOf } from './fixtures/fleet.ts'
import { formerCa } from './fixtures/former-ca.ts'
import { filesIn, manifestOf, temporaryFolder } from './fixtures/office.ts'

const PASSPHRASE = 'correct horse battery staple'
let dir: ReturnType<typeof temporaryFolder>
let fleet: Fleet | undefined
beforeEach(() => {
  dir = temporaryFolder()
})
afterEach(async () => {
  await fleet?.close()
  fleet = undefined
  dir.remove()
})

const path = (name: string) => join(dir.path, name)
const config = () =>
  provisioningConfig.parse({
    ...{ stateDir: path('state'), claimsDir: path('claims'), hubKey: 'ab'.repeat(32), operatorSeedPath: 'x' },
    utility: 'Stadtwerke Süd',
  })

/** A command as the command line runs it; yields what it prints. */
async function run(
  name: string,
  given: string[] = [],
  options: Asked['options'] = {},
  nowMs = Date.now(),
  // biome-ignore lint/suspicious/noExplicitAny: whatever is printed is what the test looks at
): Promise<any> {
  const command = { ...caCommands, ...rootCommands }[name]
  const office = () => openOffice(config())
  const looked: Store[] = []
  const look = () => {
    const store = lookInto(config())
    looked.push(store)
    return store
  }
  const { signal } = new AbortController()
  try {
    const asked = { config: config(), office, look, arguments: given, options, nowMs, signal }
    return (await command?.run(asked))?.value
  } finally {
    for (const store of looked) store.close()
  }
}

/** An offline root in a folder of its own. */
async function offlineRoot(name: string): Promise<string> {
  writeFileSync(path('passphrase'), `${PASSPHRASE}\n`, { mode: 0o600 })
  await run('ca init-root', [path(name)], { utility: 'Stadtwerke Süd', ...SECRET() })
  return path(name)
}
const SECRET = () => ({ 'passphrase-file': path('passphrase') })

/** Key online, signature offline, certificate back. */
async function newIssuing(root: string) {
  const { request, key } = await run('ca request')
  writeFileSync(path('to-sign.csr'), readFileSync(request))
  const signed = await run('ca sign', [root, path('to-sign.csr')], SECRET())
  expect(signed.key).toBe(key)
  return signed.certificate as string
}

const state = () => authorityDir(config().stateDir)
const certificateAt = (at: string) => new X509Certificate(readFileSync(at))

describe('a root that is never online', () => {
  it('is made once, its key encrypted, and signs the issuing CA of a new utility', async () => {
    const root = await offlineRoot('root')
    const keyPem = readFileSync(join(root, 'root.key'), 'utf8')
    expect(() => createPrivateKey({ key: keyPem, passphrase: 'another passphrase' })).toThrow()
    expect(
      certificateAt(join(root, 'root.pem')).checkPrivateKey(createPrivateKey({ key: keyPem, passphrase: PASSPHRASE })),
    ).toBe(true)
    await expect(offlineRoot('root')).rejects.toThrow(/there is a root already/)

    const certificate = await newIssuing(root)
    await expect(run('ca install', [certificate])).rejects.toThrow(/its root is not trusted: wattfleet-fleet ca trust/)
    await run('ca trust', [join(root, 'root.pem')])
    expect(await run('ca install', [certificate])).toMatchObject({ inForce: true })
    expect(filesIn(state())).toEqual(['ca.pem', 'issuing.pem'])
    expect(filesIn(root)).toEqual(['root.key', 'root.pem', 'signed.log'])
    expect(readFileSync(join(root, 'signed.log'), 'utf8').trim().split('\n')).toHaveLength(1)

    const { authority, store } = await openOffice(config())
    const [leaf, issuing] = certificatesIn((await issueHubCertificate(authority)).certificatePem, 'chain')
    expect(leaf && issuing && leaf.verify(issuing.publicKey)).toBe(true)
    expect(issuing?.verify(new X509Certificate(authority.caPem).publicKey)).toBe(true)
    expect([issuing && pathLengthOf(issuing), pathLengthOf(new X509Certificate(authority.caPem))]).toEqual([0, 1])
    expect(store.audit.entries().map(({ event }) => event)).toEqual([
      'ca-request',
      'ca-trust',
      'ca-install',
      'ca-switch',
    ])
    store.close()
  })

  it.each<[string, () => Promise<unknown>, RegExp]>([
    [
      'a wrong passphrase',
      () => wrongly({ 'passphrase-file': write('wrong', 'not the one at all') }),
      /cannot be opened with this passphrase/,
    ],
    [
      'a passphrase that others may read',
      () => wrongly({ 'passphrase-file': write('open', PASSPHRASE, 0o644) }),
      /may be read by others/,
    ],
    ['no passphrase', () => wrongly({}), /expected --passphrase-file/],
    [
      'a request that is none',
      async () => run('ca sign', [await offlineRoot('r'), write('x.csr', 'x')], SECRET()),
      /not a PEM certificate request/,
    ],
    [
      'a folder without a root',
      () => run('ca sign', [path('nowhere'), write('x.csr', 'x')], { 'passphrase-file': write('secret', PASSPHRASE) }),
      /root\.key: is missing/,
    ],
    [
      'a short passphrase',
      async () => run('ca init-root', [path('r')], { utility: 'U', 'passphrase-file': write('short', 'short') }),
      /too short/,
    ],
    ['a root without a name', async () => run('ca init-root', [path('r')], SECRET()), /expected --utility/],
  ])('refuses %s', async (_name, attempt, reason) => {
    await expect(attempt()).rejects.toThrow(reason)
  })

  async function wrongly(options: Asked['options']) {
    const root = await offlineRoot('root')
    const { request } = await run('ca request')
    return run('ca sign', [root, request], options)
  }
  function write(name: string, text: string, mode = 0o600): string {
    writeFileSync(path(name), text)
    chmodSync(path(name), mode)
    return path(name)
  }

  it('writes keys that open again, also with long passphrases of any letters', () => {
    for (const passphrase of ['zwölf Zeichen', 'x'.repeat(500), '🔑 key of the utility']) {
      const key = newKey()
      const opened = createPrivateKey({ key: encryptKey(key, passphrase), passphrase })
      expect(opened.equals(key)).toBe(true)
    }
  })
})

describe('one root in the place of another', () => {
  it('goes in an order in which nobody is cut off, and says who would be', async () => {
    fleet = await fleetOf(config(), manifestOf(3))
    await fleet.enrol('pi-1')
    await fleet.enrol('pi-2')
    const [former] = (await run('ca show')) as { root: string }[]
    const root = await offlineRoot('new-root')
    const certificate = await newIssuing(root)
    const told = await run('ca trust', [join(root, 'root.pem')])
    expect(told.behind).toEqual({ gateways: ['pi-1', 'pi-2'], claims: ['pi-3'] })
    expect(await run('ca install', [certificate])).toMatchObject({ inForce: false })
    // in force is still the one before, and what it issues brings both roots
    await expect(run('ca switch')).rejects.toThrow(/3 gateways do not know the new root yet: pi-1, pi-2, pi-3/)
    await expect(run('ca switch', [], { lose: '2' })).rejects.toThrow(/--lose 3/)

    fleet.later()
    await fleet.renew('pi-1')
    // handed out, and not yet known to have arrived
    await expect(run('ca switch')).rejects.toThrow(/3 gateways/)
    await fleet.proven('pi-1')
    await fleet.renew('pi-2')
    await fleet.proven('pi-2')
    await expect(run('ca switch')).rejects.toThrow(/1 gateways do not know the new root yet: pi-3/)
    await fleet.reissue('pi-3')
    await run('ca switch')
    expect((await run('ca show')).map((one: { issuing: boolean }) => one.issuing)).toEqual([false, true])

    // both stand under the former root until they renew once more
    await expect(run('ca withdraw', [former?.root ?? ''])).rejects.toThrow(
      /2 gateways have a certificate .*: pi-1, pi-2/,
    )
    fleet.later()
    for (const serial of ['pi-1', 'pi-2']) {
      await fleet.renew(serial)
      await fleet.proven(serial)
    }
    await run('ca withdraw', [former?.root ?? ''])
    expect(certificatesIn(fleet.office.authority.caPem, 'ca').map(fingerprintIn)).toEqual([told.root])
    // the development's root was on this computer: its key is gone
    expect(existsSync(join(state(), 'root.key'))).toBe(false)
    expect(fleet.events().filter((event) => event.startsWith('ca-'))).toEqual([
      ...['ca-request', 'ca-trust', 'ca-install', 'ca-switch', 'ca-withdraw'],
    ])
  })

  it('takes a CA of before to two levels the same way', async () => {
    await formerCa(state())
    fleet = await fleetOf(config(), manifestOf(1))
    await fleet.enrol('pi-1')
    const [former] = (await run('ca show')) as { root: string; under: object }[]
    expect(former?.under).toEqual({ gateways: 1, servers: [] })
    const root = await offlineRoot('new-root')
    await run('ca trust', [join(root, 'root.pem')])
    await run('ca install', [await newIssuing(root)])
    fleet.later()
    await fleet.renew('pi-1')
    await fleet.proven('pi-1')
    await run('ca switch')
    expect(existsSync(join(state(), 'ca.key'))).toBe(false)
    await run('ca withdraw', [former?.root ?? ''], { lose: '1' })
    expect(await run('ca show')).toMatchObject([{ issuing: true, under: { gateways: 0, servers: [] } }])
  })

  it('takes one renewal of each gateway where the next issuing CA begins with them', async () => {
    fleet = await fleetOf(config(), manifestOf(3))
    await fleet.enrol('pi-1')
    await fleet.enrol('pi-2')
    const [former] = (await run('ca show')) as { root: string }[]
    const server = () => run('ca server', ['broker', path('broker')])
    const { certPath } = await server()
    const root = await offlineRoot('new-root')
    const told = await run('ca trust', [join(root, 'root.pem')])
    await expect(run('ca begin')).rejects.toThrow(/no certificate is installed/)
    await run('ca install', [await newIssuing(root)])
    await expect(run('ca begin')).rejects.toThrow(/1 servers do not trust the new root yet .*: broker/)
    const before = readFileSync(certPath, 'utf8')
    await server()
    await run('ca begin')
    await run('ca begin') // said twice it is the same

    fleet.later()
    for (const serial of ['pi-1', 'pi-2']) {
      const grant = await fleet.renew(serial)
      const [leaf, issuing] = certificatesIn(grant.certificatePem, 'chain')
      const roots = certificatesIn(grant.caPem, 'roots')
      expect(roots.map(fingerprintIn)).toEqual([former?.root, told.root])
      expect(leaf && issuing && leaf.verify(issuing.publicKey)).toBe(true)
      expect(roots.map(({ publicKey }) => issuing?.verify(publicKey))).toEqual([false, true])
      await fleet.proven(serial)
    }
    // who enrols meanwhile, also with a claim of before, need not renew at all
    const late = await fleet.enrol('pi-3')
    expect(certificatesIn(late.certificatePem, 'chain')[1]?.issuer).toContain('root')
    // servers stand under the one in force, which everybody believes
    await server()
    expect(readFileSync(certPath, 'utf8')).toBe(before)
    expect(await run('ca show')).toMatchObject([
      { issuing: true, under: { gateways: 0, servers: [`broker (${path('broker')})`] } },
      { issuing: false, under: { gateways: 3, servers: [] }, behind: { gateways: [], claims: [], servers: [] } },
    ])
    await run('ca switch')
    expect(filesIn(state())).toEqual(['ca.pem', 'issuing.pem', 'root.key'])
    await server()
    await run('ca withdraw', [former?.root ?? ''])
    expect(certificatesIn(fleet.office.authority.caPem, 'ca').map(fingerprintIn)).toEqual([told.root])
    // and whoever has a certificate goes on with it
    fleet.later()
    await fleet.renew('pi-1')
    await fleet.proven('pi-1')
  })

  it('does not go on without a broker or hub that still depends on it, and names them', async () => {
    await createAuthority(state(), 'Stadtwerke Süd')
    const [former] = (await run('ca show')) as { root: string }[]
    const server = () => run('ca server', ['broker', path('broker')])
    const client = () => run('ca client', ['hub', path('hub')])
    const [broker, hub] = [`broker (${path('broker')})`, `hub (${path('hub')})`]
    await server()
    await client()
    await server() // from cron: what is the same is not written down again
    const root = await offlineRoot('new-root')
    const { root: next } = await run('ca trust', [join(root, 'root.pem')])
    await run('ca install', [await newIssuing(root)])
    await expect(run('ca switch')).rejects.toThrow(
      `2 servers do not trust the new root yet (ca server and ca client tell them): ${broker}, ${hub}; --lose 2`,
    )
    await server()
    await expect(run('ca switch')).rejects.toThrow(
      `1 servers do not trust the new root yet (ca server and ca client tell them): ${hub}`,
    )
    await client()
    await run('ca switch')
    expect(await run('ca show')).toMatchObject([
      { root: former?.root, under: { gateways: 0, servers: [broker, hub] }, behind: { servers: [] } },
      { root: next, under: { gateways: 0, servers: [] }, behind: { servers: [] } },
    ])
    const withdraw = (lose?: string) => run('ca withdraw', [former?.root ?? ''], lose === undefined ? {} : { lose })
    await expect(withdraw()).rejects.toThrow(
      `2 servers have a certificate that goes back to this root (ca server and ca client make others): ${broker}, ${hub}`,
    )
    await server()
    await expect(withdraw()).rejects.toThrow(`make others): ${hub}; --lose 1`)
    // a hub that is not there any more holds nobody up: by so many words, or once its certificate is over
    await expect(run('ca withdraw', [former?.root ?? ''], {}, Date.now() + 366 * 86_400_000)).resolves.toBeDefined()
    const store = openLedger(config())
    expect(store.audit.entries().filter(({ event }) => event === 'ca-server')).toHaveLength(5)
    store.close()
  })

  it('does not go on without the service itself', async () => {
    const { authority, store } = await openOffice(config())
    store.close()
    await serviceIdentity(authority, config())
    const [former] = (await run('ca show')) as { root: string }[]
    const root = await offlineRoot('new-root')
    await run('ca trust', [join(root, 'root.pem')])
    await run('ca install', [await newIssuing(root)])
    await run('ca switch')
    await expect(run('ca withdraw', [former?.root ?? ''])).rejects.toThrow(
      `goes back to this root (ca server and ca client make others): provisioning (${join(config().stateDir, 'tls')})`,
    )
    await serviceIdentity(authority, config()) // as it does every ten seconds
    await run('ca withdraw', [former?.root ?? ''])
  })

  it('refuses steps that make no sense', async () => {
    await createAuthority(state(), 'Stadtwerke Süd')
    const [root] = (await run('ca show')) as { root: string }[]
    const stranger = await formerCa(path('former'))
    writeFileSync(path('stranger.pem'), stranger)
    const other = await offlineRoot('other')
    await expect(run('ca switch')).rejects.toThrow(/no certificate is installed/)
    await expect(run('ca install', [path('stranger.pem')])).rejects.toThrow(/nothing was requested/)
    await expect(run('ca trust', [path('stranger.pem')])).rejects.toThrow(/path length 0/)
    await expect(run('ca trust', [path('nowhere.pem')])).rejects.toThrow(/cannot be read/)
    await run('ca request')
    await expect(run('ca install', [path('stranger.pem')])).rejects.toThrow(/is not for the key that was requested/)
    await expect(run('ca withdraw', [root?.root ?? ''])).rejects.toThrow(/ca switch comes first/)
    await expect(run('ca withdraw', ['ff'.repeat(32)])).rejects.toThrow(/no root with the fingerprint/)
    await run('ca trust', [join(other, 'root.pem')])
    await expect(run('ca trust', [join(await offlineRoot('third'), 'root.pem')])).rejects.toThrow(/withdraw one first/)
    expect((await run('ca trust', [join(other, 'root.pem')])).root).toMatch(/^[0-9a-f]{64}$/)
    const store = openLedger(config())
    expect(store.audit.entries().filter(({ event }) => event === 'ca-trust')).toHaveLength(1)
    store.close()
  })

  it('ends the same when a switch is cut off by a power cut, and asks for a new key after it', async () => {
    await createAuthority(state(), 'Stadtwerke Süd')
    const root = await offlineRoot('root')
    await run('ca trust', [join(root, 'root.pem')])
    const first = await newIssuing(root)
    await run('ca install', [first])
    const next = readFileSync(join(state(), 'next.pem'))
    await run('ca switch')
    // the new one is in force, and what it came from was not cleared away
    writeFileSync(join(state(), 'next.pem'), next, { mode: 0o600 })
    await run('ca switch')
    expect(filesIn(state())).not.toContain('next.pem')
    writeFileSync(join(state(), 'next.pem'), next, { mode: 0o600 })
    const { key } = await run('ca request')
    const [issuing] = certificatesIn(readFileSync(join(state(), 'issuing.pem'), 'utf8'), 'issuing')
    expect(key).not.toBe(issuing && fingerprintIn(issuing))
    expect(issuing?.checkPrivateKey(createPrivateKey(readFileSync(join(state(), 'next.pem'))))).toBe(false)
  })
})

describe('certificates of servers and hubs', () => {
  it('are kept in a folder, and made anew once another CA issues', async () => {
    const paths = await run('ca server', ['broker', path('tls')], { host: ['mqtt.example.org', '10.0.0.1'] })
    const [leaf] = certificatesIn(readFileSync(paths.certPath, 'utf8'), 'broker')
    expect([leaf?.checkHost('mqtt.example.org'), leaf?.checkIP('10.0.0.1')]).toEqual(['mqtt.example.org', '10.0.0.1'])
    const hub = await run('ca client', ['hub-2', path('tls')])
    expect(certificateAt(hub.certPath).subject).toBe('CN=hub-2\nOU=hub')
    await expect(run('ca client', ['gateway', path('tls')])).rejects.toThrow(/expected hub or utility/)
    const before = readFileSync(paths.certPath, 'utf8')
    await run('ca server', ['broker', path('tls')])
    expect(readFileSync(paths.certPath, 'utf8')).toBe(before)
    await run('ca trust', [join(await offlineRoot('root'), 'root.pem')])
    await run('ca install', [await newIssuing(path('root'))])
    for (const [kind, name] of [['ca server', 'broker'] as const, ['ca client', 'hub-2'] as const]) {
      await run(kind, [name, path('tls')])
      expect(readFileSync(paths.certPath, 'utf8')).toBe(before)
    }
    await run('ca switch')
    await run('ca server', ['broker', path('tls')])
    expect(readFileSync(paths.certPath, 'utf8')).not.toBe(before)
    expect(certificatesIn(readFileSync(paths.caPath, 'utf8'), 'ca')).toHaveLength(2)
    // the hosts that were named once are those of every certificate that takes its place
    expect(certificateAt(paths.certPath).checkHost('mqtt.example.org')).toBe('mqtt.example.org')
  })

  it('say for which hosts they are, and that nobody else can reach a server without --host', async () => {
    const alone = await run('ca server', ['broker', path('tls')])
    expect(alone.hosts).toEqual(['localhost', '127.0.0.1', '0:0:0:0:0:0:0:1'])
    expect(alone.note).toMatch(/for this computer only.*expected --host/)
    const named = await run('ca server', ['broker', path('tls')], { host: ['mqtt.example.org', '2001:db8::1'] })
    expect(named.hosts).toEqual(['mqtt.example.org', '2001:DB8:0:0:0:0:0:1'])
    expect(named.note).toBeUndefined()
    const before = readFileSync(named.certPath, 'utf8')
    await run('ca server', ['broker', path('tls')], { host: ['2001:db8::1', 'mqtt.example.org'] })
    expect(readFileSync(named.certPath, 'utf8')).toBe(before)
    const fewer = await run('ca server', ['broker', path('tls')], { host: ['mqtt.example.org'] })
    expect(fewer.hosts).toEqual(['mqtt.example.org'])
    expect((await run('ca server', ['broker', path('tls')])).hosts).toEqual(['mqtt.example.org'])
  })

  it('can be read by a group, and by nobody else', async () => {
    const gid = process.getgid?.() ?? 0
    const { keyPath } = await run('ca server', ['broker', path('tls')], { group: String(gid) })
    const modeOf = (file: string) => statSync(file).mode & 0o777
    expect([modeOf(keyPath), modeOf(path('tls'))]).toEqual([0o640, 0o750])
    expect(statSync(keyPath).gid).toBe(gid)
    await expect(run('ca server', ['broker', path('tls')], { group: 'no such group' })).rejects.toThrow(
      /--group: expected a group in \/etc\/group or a number, got no such group/,
    )
  })

  it('are given to no group with what else lies there, or through a link', async () => {
    const group = String(process.getgid?.() ?? 0)
    const { keyPath } = await run('ca server', ['broker', path('tls')])
    writeFileSync(path('tls/other.key'), 'x')
    await expect(run('ca server', ['broker', path('tls')], { group })).rejects.toThrow(
      /tls: expected a folder of its own, .* it holds other\.key/,
    )
    expect(statSync(path('tls')).mode & 0o777).toBe(0o700)
    rmSync(path('tls/other.key'))
    renameSync(keyPath, path('elsewhere.key'))
    symlinkSync(path('elsewhere.key'), keyPath)
    await expect(run('ca server', ['broker', path('tls')], { group })).rejects.toThrow(/cannot be given to group/)
    expect(statSync(path('elsewhere.key')).mode & 0o777).toBe(0o600)
  })
})
