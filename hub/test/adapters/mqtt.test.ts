import { X509Certificate } from 'node:crypto'
import { rootCertificates } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { commonName } from '../../src/adapters/mqtt.ts'

describe('the name in a certificate', () => {
  it('is its common name, which is the MQTT client id', () => {
    const named = rootCertificates.filter((pem) => /^CN=/m.test(new X509Certificate(pem).subject))
    expect(named.length).toBeGreaterThan(10)
    for (const pem of named.slice(0, 10)) expect(new X509Certificate(pem).subject).toContain(`CN=${commonName(pem)}`)
  })
  it('is asked for where there is none', () => {
    const unnamed = rootCertificates.find((pem) => !/^CN=/m.test(new X509Certificate(pem).subject))
    expect(unnamed).toBeDefined()
    expect(() => commonName(unnamed ?? '')).toThrow(/no common name/)
  })
})
