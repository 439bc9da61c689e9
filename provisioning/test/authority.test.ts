import { X509Certificate } from 'node:crypto'
import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { certificatesIn } from '../src/authority/trust.ts'
import { createAuthority, issueHubCertificate, issueServerCertificate, keepIdentity } from '../src/index.ts'
import { formerCa } from './fixtures/former-ca.ts'
import { filesIn, temporaryFolder } from './fixtures/office.ts'

let dir: ReturnType<typeof temporaryFolder>
beforeEach(() => {
  dir = temporaryFolder()
})
afterEach(() => dir.remove())

const open = () => createAuthority(join(dir.path, 'ca'))
const at = (name: string) => join(dir.path, 'ca', name)

describe('createAuthority', () => {
  it('makes a root and an issuing CA once, and opens the same from then on', async () => {
    const first = await open()
    const again = await open()
    expect([again.caPem, again.issuing]).toEqual([first.caPem, first.issuing])
    const root = new X509Certificate(first.caPem)
    expect(root.ca).toBe(true)
    expect(root.verify(root.publicKey)).toBe(true)
    expect(Date.parse(root.validFrom)).toBeLessThan(Date.now() - 3_500_000)
    for (const name of ['root.key', 'issuing.pem']) expect(statSync(at(name)).mode & 0o777).toBe(0o600)
    expect(filesIn(join(dir.path, 'ca'))).toEqual(['ca.pem', 'issuing.pem', 'root.key'])
  })

  it('names both after the utility, and never two CAs alike', async () => {
    const names = await Promise.all(
      ['one', 'other'].map(async (folder) => {
        const { caPem } = await createAuthority(join(dir.path, folder), 'Stadtwerke Süd')
        const issuing = new X509Certificate(readFileSync(join(dir.path, folder, 'issuing.pem')))
        return [new X509Certificate(caPem).subject, issuing.subject]
      }),
    )
    expect(new Set(names.flat()).size).toBe(4)
    for (const [root, issuing] of names) {
      expect(root).toMatch(/^O=Stadtwerke Süd\nCN=Stadtwerke Süd root [0-9a-f]{8}$/)
      expect(issuing).toMatch(/^O=Stadtwerke Süd\nCN=Stadtwerke Süd issuing CA [0-9a-f]{8}$/)
    }
  })

  it.each([['ca.pem'], ['issuing.pem'], ['ca.pem', 'issuing.pem']])(
    'makes what a crash left out (%s %s) from the root’s key',
    async (...lost) => {
      const former = new X509Certificate((await open()).caPem)
      for (const name of lost) rmSync(at(name))
      const root = new X509Certificate((await open()).caPem)
      expect(root.publicKey.equals(former.publicKey)).toBe(true)
      expect(chainOf((await issueHubCertificate(await open())).certificatePem)).toHaveLength(2)
    },
  )

  it.each<[string, () => void, RegExp]>([
    ['a key that others may read', () => chmodSync(at('issuing.pem'), 0o644), /issuing\.pem: may be read by others/],
    ['a key that is none', () => writeFileSync(at('issuing.pem'), 'rubbish'), /issuing\.pem: is not a private key/],
    ['a root’s key that is none', () => writeFileSync(at('root.key'), 'rubbish'), /root\.key: is not a private key/],
    ['a certificate that is none', () => writeFileSync(at('ca.pem'), 'rubbish'), /ca\.pem: is not a certificate/],
    [
      'an issuing CA that is not there',
      () => ['issuing.pem', 'root.key'].forEach((name) => void rmSync(at(name))),
      /there is no issuing CA yet: wattfleet-fleet ca install/,
    ],
  ])('refuses %s', async (_name, spoil, message) => {
    await open()
    spoil()
    await expect(open()).rejects.toThrow(message)
  })

  it('refuses the root of another CA', async () => {
    await open()
    const other = await createAuthority(join(dir.path, 'other'))
    writeFileSync(at('ca.pem'), other.caPem)
    await expect(open()).rejects.toThrow(/the root of this issuing CA is not in .*ca\.pem/)
  })

  it('goes on with a CA of before, which was root and issuing CA in one', async () => {
    const pem = await formerCa(join(dir.path, 'ca'))
    const authority = await open()
    expect(authority.caPem).toBe(pem)
    const { certificatePem } = await issueHubCertificate(authority)
    expect(chainOf(certificatePem)).toHaveLength(1)
    expect(new X509Certificate(certificatePem).verify(new X509Certificate(pem).publicKey)).toBe(true)
    expect(filesIn(join(dir.path, 'ca'))).toEqual(['ca.key', 'ca.pem'])
  })

  it('sees at once what another process has changed, and keeps what it had where that is unusable', async () => {
    const authority = await open()
    const { caPem } = authority
    const other = await createAuthority(join(dir.path, 'other'))
    writeFileSync(at('ca.pem'), caPem + other.caPem)
    expect(authority.caPem).toBe(caPem + other.caPem)
    writeFileSync(at('ca.pem'), 'half writ')
    expect(authority.caPem).toBe(caPem + other.caPem)
    await issueHubCertificate(authority)
  })
})

describe('issued certificates', () => {
  it('name a server by its hosts', async () => {
    const authority = await open()
    const { certificatePem } = await issueServerCertificate(authority, { commonName: 'broker' })
    const leaf = new X509Certificate(certificatePem)
    const [, issuing] = chainOf(certificatePem)
    expect(issuing && leaf.verify(issuing.publicKey)).toBe(true)
    expect(issuing?.verify(new X509Certificate(authority.caPem).publicKey)).toBe(true)
    expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1')
    expect(leaf.checkIP('::1')).toBe('::1')
    expect(leaf.checkHost('localhost')).toBe('localhost')
    expect(leaf.ca).toBe(false)
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']) // id-kp-serverAuth
  })

  it('name the hub as a client', async () => {
    const { certificatePem } = await issueHubCertificate(await open())
    const leaf = new X509Certificate(certificatePem)
    expect(leaf.subject.split('\n').sort()).toEqual(['CN=hub', 'OU=hub'])
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']) // id-kp-clientAuth
    expect(Date.parse(leaf.validFrom)).toBeLessThan(Date.now() - 3_500_000)
  })

  it('have serials of their own', async () => {
    const authority = await open()
    const leaves = await Promise.all([1, 2, 3].map(() => issueHubCertificate(authority)))
    const serials = leaves.map(({ certificatePem }) => new X509Certificate(certificatePem).serialNumber)
    expect(new Set(serials).size).toBe(3)
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/)
  })
})

describe('keepIdentity', () => {
  const tls = () => join(dir.path, 'tls')

  it('keeps what it made, for the owner only', async () => {
    const authority = await open()
    const make = () => issueHubCertificate(authority)
    const paths = await keepIdentity(authority, tls(), 'hub', make)
    const first = readFileSync(paths.certPath, 'utf8')
    expect(statSync(paths.keyPath).mode & 0o777).toBe(0o600)
    await keepIdentity(authority, tls(), 'hub', make)
    expect(readFileSync(paths.certPath, 'utf8')).toBe(first)
    expect(readFileSync(paths.caPath, 'utf8')).toBe(authority.caPem)
  })

  it('makes another one for another CA, and when the key does not fit', async () => {
    const authority = await open()
    const make = () => issueHubCertificate(authority)
    const paths = await keepIdentity(authority, tls(), 'hub', make)
    writeFileSync(paths.keyPath, (await make()).privateKeyPem)
    await keepIdentity(authority, tls(), 'hub', make)
    const other = await createAuthority(join(dir.path, 'other'))
    await keepIdentity(other, tls(), 'hub', () => issueHubCertificate(other))
    const [, issuing] = chainOf(readFileSync(paths.certPath, 'utf8'))
    expect(issuing?.verify(new X509Certificate(other.caPem).publicKey)).toBe(true)
  })
})

const chainOf = (pem: string) => certificatesIn(pem, 'chain')
