import { describe, expect, it } from 'vitest'
import { enrolmentProof } from '../src/enrolment.ts'
import { CERTIFICATE_SERIAL, provenProof, RENEWAL_REFUSALS, renewalProof } from '../src/renewal.ts'

const said = { gateway: 'a'.repeat(26), certificate: '4f'.repeat(16), csrPem: 'REQUEST\n' }
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8')

describe('a renewal', () => {
  it('is signed as a text that names what it is, the gateway, the certificate in force and the request', () => {
    expect(text(renewalProof(said))).toBe(`wattfleet renew 1\n${said.gateway}\n${said.certificate}\nREQUEST\n`)
    expect(text(provenProof(said))).toBe(`wattfleet proven 1\n${said.gateway}\n${said.certificate}\n`)
  })

  it('cannot be taken for anything else that the key signs', () => {
    const others = [
      provenProof(said),
      enrolmentProof('ab'.repeat(32), 'pi-1'),
      Buffer.from('wfo1'),
      Buffer.from('wfe1'),
    ]
    for (const other of others) expect(text(renewalProof(said)).startsWith(text(other).slice(0, 12))).toBe(false)
  })

  it.each([
    ['4f'.repeat(16), true],
    ['4F'.repeat(16), false],
    ['', false],
    ['4f'.repeat(21), false],
    ['zz', false],
  ])('names a certificate by its serial number: %s is one: %s', (serial, is) => {
    expect(CERTIFICATE_SERIAL.test(serial)).toBe(is)
  })

  it('is refused for a closed set of reasons', () => {
    expect(RENEWAL_REFUSALS).toEqual([
      ...['malformed', 'bad-proof', 'unknown-gateway', 'unknown-certificate', 'key-used', 'too-soon'],
      ...['quarantined', 'revoked', 'retired'],
    ])
  })
})
