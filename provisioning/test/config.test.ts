import { describe, expect, it } from 'vitest'
import { provisioningConfig } from '../src/config.ts'

const given = {
  ...{ stateDir: '/s', claimsDir: '/c', operatorSeedPath: '/o', hubKey: 'ab'.repeat(32) },
}

describe('the address that claims name', () => {
  it.each([
    ['https://enrol.example.org:8443', ['enrol.example.org']],
    ['https://Enrol.Example.org', ['localhost', 'enrol.example.org']],
    ['https://enrol.example.org', ['*.example.org']],
    ['https://[2001:db8::1]:8443', ['2001:db8::1']],
    ['https://10.0.0.1:8443', ['10.0.0.1']],
  ])('%s is in a certificate of %j', (publicUrl, hosts) => {
    expect(provisioningConfig.safeParse({ ...given, publicUrl, hosts }).success).toBe(true)
  })

  it.each([
    ['https://enrol.example.org:8443', ['localhost']],
    ['https://a.enrol.example.org', ['*.example.org']],
    ['https://example.org', ['*.example.org']],
    ['https://localhost.:8443', ['localhost']],
  ])('%s is refused beside %j', (publicUrl, hosts) => {
    const { issues } = provisioningConfig.safeParse({ ...given, publicUrl, hosts }).error ?? { issues: [] }
    const name = new URL(publicUrl).hostname
    expect(issues.map(({ path, message }) => `${path.join('.')}: ${message}`)).toEqual([
      `hosts: expected ${name} among them: publicUrl names it`,
    ])
  })
})
