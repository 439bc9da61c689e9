import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { neighbourhoodOf } from '../../src/core/address.ts'

describe('an address', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['127.0.0.1', '127.0.0.1'],
    // IPv4 on a socket for both (RFC 4291, 2.5.5.2)
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:192.0.2.7', '192.0.2.7'],
    ['::ffff:c000:207', '192.0.2.7'],
    ['0:0:0:0:0:ffff:c000:0207', '192.0.2.7'],
    ['2001:db8:0:1:aaaa:bbbb:cccc:dddd', '2001:db8:0:1::/64'],
    ['2001:db8:0:1::', '2001:db8:0:1::/64'],
    ['2001:0DB8:0000:0001::7', '2001:db8:0:1::/64'],
    ['2001:db8:0:2::7', '2001:db8:0:2::/64'],
    ['2001:db8::7', '2001:db8:0:0::/64'],
    ['2001:db8::1:0:0:7', '2001:db8:0:0::/64'],
    ['1:2:3:4:5:6:7::', '1:2:3:4::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    // not mapped: the fifth group says so
    ['::1:ffff:c000:207', '0:0:0:0::/64'],
    // one link is not another (RFC 4007, 11)
    ['fe80::1%eth0', 'fe80:0:0:0::/64%eth0'],
    ['fe80::2%eth1', 'fe80:0:0:0::/64%eth1'],
    ['unknown', 'unknown'],
    ['', ''],
    ['a:b', 'a:b'],
    ['1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7:8:9'],
    ['g::1', 'g::1'],
  ])('%s counts as %s', (address, expected) => {
    expect(neighbourhoodOf(address)).toBe(expected)
  })

  it('counts with all of its /64, and with no other', () => {
    const group = fc.integer({ min: 0, max: 0xffff })
    const groups = fc.array(group, { minLength: 4, maxLength: 4 })
    const text = (network: number[], host: number[]) => [...network, ...host].map((one) => one.toString(16)).join(':')
    fc.assert(
      fc.property(groups, groups, groups, groups, (network, other, host, another) => {
        fc.pre(network.some((one) => one !== 0) && other.some((one) => one !== 0))
        expect(neighbourhoodOf(text(network, host))).toBe(neighbourhoodOf(text(network, another)))
        const isSame = network.every((one, n) => one === other[n])
        expect(neighbourhoodOf(text(network, host)) === neighbourhoodOf(text(other, host))).toBe(isSame)
      }),
    )
  })
})
