import { X509Certificate } from 'node:crypto'
import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createAuthority, issueHubCertificate, issueServerCertificate, keepIdentity } from '../src/index.ts'
import { filesIn, temporaryFolder } from './fixtures/office.ts'

let dir: ReturnType<typeof temporaryFolder>
beforeEach(() => {
  dir = temporaryFolder()
})
afterEach(() => dir.remove())

const open = () => createAuthority(join(dir.path, 'ca'))
const at = (name: string) => join(dir.path, 'ca', name)

describe('createAuthority', () => {
  it('makes a CA once and opens the same one from then on', async () => {
    const { caPem } = await open()
    expect((await open()).caPem).toBe(caPem)
    const ca = new X509Certificate(caPem)
    expect(ca.ca).toBe(true)
    expect(ca.verify(ca.publicKey)).toBe(true)
    expect(Date.parse(ca.validFrom)).toBeLessThan(Date.now() - 3_500_000)
    expect(statSync(at('ca.key')).mode & 0o777).toBe(0o600)
    expect(filesIn(join(dir.path, 'ca'))).toEqual(['ca.key', 'ca.pem'])
  })

  it('makes the certificate from the key when a crash left the key alone', async () => {
    const former = new X509Certificate((await open()).caPem)
    rmSync(at('ca.pem'))
    const ca = new X509Certificate((await open()).caPem)
    expect(ca.publicKey.equals(former.publicKey)).toBe(true)
  })

  it.each<[string, () => void, RegExp]>([
    ['a key that others may read', () => chmodSync(at('ca.key'), 0o644), /ca\.key: may be read by others/],
    ['a key that is none', () => writeFileSync(at('ca.key'), 'rubbish'), /ca\.key: is not a private key/],
    ['a missing key', () => rmSync(at('ca.key')), /key .*ca\.key is missing/],
    ['a certificate that is none', () => writeFileSync(at('ca.pem'), 'rubbish'), /ca\.pem: is not a certificate/],
  ])('refuses %s', async (_name, spoil, message) => {
    await open()
    spoil()
    await expect(open()).rejects.toThrow(message)
  })

  it('refuses the certificate of another CA', async () => {
    await open()
    const other = await createAuthority(join(dir.path, 'other'))
    writeFileSync(at('ca.pem'), other.caPem)
    await expect(open()).rejects.toThrow(/is not the certificate of the CA/)
  })
})

describe('issued certificates', () => {
  it('name a server by its hosts', async () => {
    const authority = await open()
    const { certificatePem } = await issueServerCertificate(authority, { commonName: 'broker' })
    const leaf = new X509Certificate(certificatePem)
    expect(leaf.verify(new X509Certificate(authority.caPem).publicKey)).toBe(true)
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
    const leaf = new X509Certificate(readFileSync(paths.certPath))
    expect(leaf.verify(new X509Certificate(other.caPem).publicKey)).toBe(true)
  })
})
