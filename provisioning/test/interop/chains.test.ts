import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { newKey, publicKeyOf } from '../../src/authority/certificates.ts'
import { installIssuing, requestIssuing, trustRoot } from '../../src/authority/replace.ts'
import { initRoot, signIssuing } from '../../src/authority/root.ts'
import { createAuthority, issueServerCertificate } from '../../src/index.ts'
import { temporaryFolder } from '../fixtures/office.ts'
import { describeWith, missingOpenssl, openssl } from './openssl.ts'

const PASSPHRASE = 'correct horse battery staple'

describeWith('openssl', missingOpenssl, () => {
  let dir: ReturnType<typeof temporaryFolder>
  beforeEach(() => {
    dir = temporaryFolder()
  })
  afterEach(() => dir.remove())
  const write = (name: string, text: string) => {
    writeFileSync(join(dir.path, name), text, { mode: 0o600 })
    return join(dir.path, name)
  }

  it('verifies the chains of gateways and servers by the letter of RFC 5280', async () => {
    const authority = await createAuthority(join(dir.path, 'ca'), 'Stadtwerke Süd')
    const ca = write('roots.pem', authority.caPem)
    const publicKey = publicKeyOf(newKey())
    const gateway = { commonName: 'a'.repeat(26), unit: 'gateway', usage: 'client', validDays: 90, publicKey } as const
    const client = write('client.pem', (await authority.issue(gateway)).certificatePem)
    const server = write(
      'server.pem',
      (await issueServerCertificate(authority, { commonName: 'broker' })).certificatePem,
    )
    const strict = ['verify', '-x509_strict', '-CAfile', ca]
    expect(openssl(...strict, '-purpose', 'sslclient', '-untrusted', client, client)).toContain('client.pem: OK')
    const named = ['-verify_hostname', 'localhost', '-verify_ip', '127.0.0.1']
    // one of the two at a time: openssl checks both
    expect(openssl(...strict, '-purpose', 'sslserver', ...named.slice(0, 2), '-untrusted', server, server)).toContain(
      'OK',
    )
    expect(openssl(...strict, '-purpose', 'sslserver', ...named.slice(2), '-untrusted', server, server)).toContain('OK')
    // and nothing for what it is not
    expect(() => openssl(...strict, '-purpose', 'sslserver', '-untrusted', client, client)).toThrow(/purpose/)
    expect(() => openssl(...strict, client)).toThrow(/unable to get (local )?issuer/)
    const other = await createAuthority(join(dir.path, 'other'), 'Stadtwerke Süd')
    const foreign = write('foreign.pem', other.caPem)
    expect(() => openssl('verify', '-CAfile', foreign, '-untrusted', client, client)).toThrow(/unable to get/)
  })

  it('opens the root’s key with its passphrase, and signs an issuing CA with it that is taken', async () => {
    const root = join(dir.path, 'root')
    await initRoot(root, { utility: 'Utility', validDays: 7_300, passphrase: PASSPHRASE }, Date.now())
    const [keyPath, secret] = [join(root, 'root.key'), write('passphrase', PASSPHRASE)]
    const plain = openssl('pkey', '-in', keyPath, '-passin', `file:${secret}`)
    expect(new X509Certificate(readFileSync(join(root, 'root.pem'))).checkPrivateKey(createPrivateKey(plain))).toBe(
      true,
    )
    expect(openssl('asn1parse', '-in', keyPath)).toMatch(/:PBES2[\s\S]*:scrypt[\s\S]*INTEGER +:4000[\s\S]*INTEGER +:05/)

    const ca = join(dir.path, 'ca')
    const { csrPath } = await requestIssuing(ca, 'Utility')
    const extensions = write(
      'ext',
      'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n',
    )
    const by = ['-CA', join(root, 'root.pem'), '-CAkey', keyPath, '-passin', `file:${secret}`]
    const signed = openssl(
      'x509',
      '-req',
      '-in',
      csrPath,
      ...by,
      '-days',
      '3650',
      '-set_serial',
      '0x4242',
      '-extfile',
      extensions,
    )
    trustRoot(ca, readFileSync(join(root, 'root.pem'), 'utf8'), 'root.pem', Date.now())
    installIssuing(ca, signed, 'signed', Date.now())
  })

  it('encrypts a root’s key that opens here, and signs a request that is opened here', async () => {
    const made = write('made.key', openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout'))
    const root = join(dir.path, 'root')
    await initRoot(root, { utility: 'Utility', validDays: 7_300, passphrase: PASSPHRASE }, Date.now())
    const plain = write('plain.key', openssl('pkey', '-in', join(root, 'root.key'), '-passin', `pass:${PASSPHRASE}`))
    const scrypt = ['pkcs8', '-topk8', '-scrypt', '-in', plain, '-passout', `pass:${PASSPHRASE}`]
    writeFileSync(join(root, 'root.key'), openssl(...scrypt), { mode: 0o600 })
    const csr = openssl('req', '-new', '-key', made, '-subj', '/O=Utility/CN=Utility issuing CA', '-batch')
    const { subject, certificatePem } = await signIssuing(
      root,
      csr,
      { validDays: 365, passphrase: PASSPHRASE },
      Date.now(),
    )
    expect(subject).toBe('O=Utility, CN=Utility issuing CA')
    const signed = write('signed.pem', certificatePem)
    expect(openssl('verify', '-x509_strict', '-CAfile', join(root, 'root.pem'), signed)).toContain('OK')
  })
})
