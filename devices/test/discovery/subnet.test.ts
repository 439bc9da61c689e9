import { describe, expect, it } from 'vitest'
import { subnetHosts } from '../../src/discovery/subnet.ts'

describe('a subnet', () => {
  it.each([
    { text: '192.168.1.0/24', count: 254, first: '192.168.1.1', last: '192.168.1.254' },
    { text: '192.168.1.77/24', count: 254, first: '192.168.1.1', last: '192.168.1.254' },
    { text: '10.0.3.255/22', count: 1022, first: '10.0.0.1', last: '10.0.3.254' },
    { text: '192.168.1.4/30', count: 2, first: '192.168.1.5', last: '192.168.1.6' },
    { text: '192.168.1.4/31', count: 2, first: '192.168.1.4', last: '192.168.1.5' },
    { text: '255.255.255.255/32', count: 1, first: '255.255.255.255', last: '255.255.255.255' },
  ])('$text has $count addresses', ({ text, count, first, last }) => {
    const subnet = subnetHosts(text, false)
    expect(subnet.ok && [subnet.hosts.length, subnet.hosts[0], subnet.hosts.at(-1)]).toEqual([count, first, last])
  })

  it.each([
    ['10.0.0.0/21', false, 'has 2048 addresses, more than a /22: name a smaller subnet, or add --yes'],
    ['10.0.0.0/15', true, 'has 131072 addresses: name parts of it, at most /16'],
    ['0.0.0.0/0', true, 'has 4294967296 addresses'],
    ['10.0.0.0', false, 'expected an IPv4 subnet such as 192.168.1.0/24'],
    ['10.0.0/24', false, 'expected an IPv4 subnet'],
    ['10.0.0.256/24', false, 'expected an IPv4 subnet'],
    ['10.0.0.0/33', false, 'expected an IPv4 subnet'],
    ['10.0.0.0/24/1', false, 'expected an IPv4 subnet'],
    ['fe80::/64', false, 'expected an IPv4 subnet'],
    ['meter.local/24', false, 'expected an IPv4 subnet'],
  ])('%s is refused', (text, isConfirmed, why) => {
    expect(subnetHosts(text, isConfirmed)).toEqual({ ok: false, why: expect.stringContaining(why) })
  })

  it('larger than /22 is scanned where that was confirmed', () => {
    const subnet = subnetHosts('10.0.0.0/16', true)
    expect(subnet.ok && subnet.hosts.length).toBe(65_534)
  })
})
