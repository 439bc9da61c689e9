import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { installIssuing, requestIssuing, rootInForce, switchIssuing, trustRoot } from '../../src/authority/replace.ts'
import { pathLengthOf } from '../../src/authority/root.ts'
import { certificatesIn } from '../../src/authority/trust.ts'
import { createAuthority, issueHubCertificate } from '../../src/index.ts'
import { temporaryFolder } from '../fixtures/office.ts'
import { describeWith, missingToken, openssl, SOFTHSM_MODULE } from './openssl.ts'

const SCRIPT = join(import.meta.dirname, '../../root-pkcs11.sh')

describeWith('a root in a PKCS #11 token (SoftHSM)', missingToken, () => {
  let dir: ReturnType<typeof temporaryFolder>
  let env: NodeJS.ProcessEnv
  beforeEach(() => {
    dir = temporaryFolder()
    mkdirSync(join(dir.path, 'tokens'))
    const [conf, pin] = [join(dir.path, 'softhsm2.conf'), join(dir.path, 'pin')]
    writeFileSync(conf, `directories.tokendir = ${join(dir.path, 'tokens')}\n`)
    writeFileSync(pin, '87654321\n', { mode: 0o600 })
    const token = { PKCS11_MODULE: SOFTHSM_MODULE, PKCS11_TOKEN: 'the root', PKCS11_PIN_FILE: pin }
    env = { ...process.env, SOFTHSM2_CONF: conf, ...token }
    const init = ['--init-token', '--free', '--label', 'the root', '--so-pin', '12345678', '--pin', '87654321']
    execFileSync('softhsm2-util', init, { env, stdio: 'pipe' })
  })
  afterEach(() => dir.remove())

  const root = (...given: string[]) =>
    execFileSync('bash', [SCRIPT, ...given], { env, encoding: 'utf8', stdio: 'pipe' })

  it('signs an issuing CA that takes its place, as one from a file does', async () => {
    const folder = join(dir.path, 'root')
    root('init', folder, 'Stadtwerke Süd')
    const rootPem = readFileSync(join(folder, 'root.pem'), 'utf8')
    const certificate = new X509Certificate(rootPem)
    expect(certificate.subject).toMatch(/^O=Stadtwerke Süd\nCN=Stadtwerke Süd root [0-9a-f]{8}$/)
    expect(Date.parse(certificate.validFrom)).toBeLessThan(Date.now() - 3_500_000)
    expect(pathLengthOf(certificate)).toBe(1)
    expect(() => root('init', folder, 'Stadtwerke Süd')).toThrow(/there is a root already/)

    const ca = join(dir.path, 'ca')
    await createAuthority(ca) // the development's, which it replaces
    const { csrPath, key } = await requestIssuing(ca, 'Stadtwerke Süd')
    const request = join(dir.path, 'issuing.csr')
    writeFileSync(request, readFileSync(csrPath))
    expect(root('sign', folder, request)).toContain(`key ${key}\n`)
    const { root: trusted } = trustRoot(ca, rootPem, 'root.pem', Date.now())
    installIssuing(ca, readFileSync(join(dir.path, 'issuing.signed.pem'), 'utf8'), 'signed', Date.now())
    switchIssuing(ca)
    expect(rootInForce(ca)).toBe(trusted.fingerprint)

    const { certificatePem } = await issueHubCertificate(await createAuthority(ca))
    const [, issuing] = certificatesIn(certificatePem, 'chain')
    expect(issuing && pathLengthOf(issuing)).toBe(0)
    const chain = join(dir.path, 'hub.pem')
    writeFileSync(chain, certificatePem)
    const strict = ['verify', '-x509_strict', '-purpose', 'sslclient', '-CAfile', join(folder, 'root.pem')]
    expect(openssl(...strict, '-untrusted', chain, chain)).toContain('OK')
  })

  it('refuses what it cannot do, and says why', () => {
    const folder = join(dir.path, 'root')
    expect(() => root('sign', folder, 'x.csr')).toThrow(/root\.pem: is missing/)
    writeFileSync(env.PKCS11_PIN_FILE ?? '', '00000000\n')
    expect(() => root('init', folder, 'Utility')).toThrow(/CKR_PIN_INCORRECT/)
    delete env.PKCS11_TOKEN
    expect(() => root('init', folder, 'Utility')).toThrow(/expected PKCS11_TOKEN in the environment/)
  })
})
