import {
  DOWN_KINDS,
  downFilters,
  downTopic,
  gatewayIdFrom,
  partitionOf,
  UP_KINDS,
  upFilter,
  upTopic,
} from '@wattfleet/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { identityOf, identityOfClientId } from '../../src/core/identity.ts'
import { rightsOf } from '../../src/core/rights.ts'

const SELF = gatewayIdFrom(new Uint8Array(16).fill(1))
const OTHER = gatewayIdFrom(new Uint8Array(16).fill(2))
const gateway = rightsOf({ role: 'gateway', name: SELF })
const hub = rightsOf({ role: 'hub', name: 'hub' })
const PARTITION = partitionOf(SELF)

describe('the rights of a gateway', () => {
  it('are its own topics, all of them', () => {
    for (const kind of UP_KINDS) expect(gateway.mayPublish(upTopic(SELF, kind))).toBe(true)
    for (const kind of DOWN_KINDS) {
      expect(gateway.maySubscribe(downTopic(SELF, kind))).toBe(true)
      expect(gateway.mayReceive(downTopic(SELF, kind))).toBe(true)
    }
    for (const filter of downFilters(SELF)) expect(gateway.maySubscribe(filter)).toBe(true)
  })

  it.each([
    upTopic(OTHER, 'order'),
    downTopic(SELF, 'receipt'),
    upTopic(SELF, 'order').replace(`/${PARTITION}/`, '/zz/'),
    `${upTopic(SELF, 'order')}/more`,
    upTopic(SELF, 'order').replace('order', 'orders'),
    'wf/2/00/x/up/order',
    '$SYS/broker/heartbeat',
    '',
  ])('do not include publishing to %s', (topic) => {
    expect(gateway.mayPublish(topic)).toBe(false)
  })

  it.each([
    `wf/1/${PARTITION}/${SELF}/down/+`,
    `wf/1/${partitionOf(OTHER)}/${OTHER}/down/+`,
    downTopic(OTHER, 'trade'),
    upFilter(),
    '#',
    '+/#',
    'wf/1/+/+/down/+',
    `wf/1/+/${SELF}/down/+`,
    `wf/1/${PARTITION}/+/down/+`,
    `wf/1/${PARTITION}/${SELF}/#`,
    `wf/1/${PARTITION}/${SELF}/+/+`,
    `wf/1/${PARTITION}/${SELF}/down/#`,
    upTopic(SELF, 'order'),
    `$share/g/${downTopic(SELF, 'receipt')}`,
    '$SYS/#',
    '$SYS/+/new/clients',
  ])('do not include subscribing to %s', (filter) => {
    expect(gateway.maySubscribe(filter)).toBe(false)
  })
})

describe('the rights of a utility', () => {
  const utility = rightsOf({ role: 'utility', name: 'utility' })

  it('are to read statuses, and to configure', () => {
    for (const filter of [upTopic(SELF, 'status'), 'wf/1/+/+/up/status', `wf/1/${PARTITION}/+/up/status`]) {
      expect(utility.maySubscribe(filter)).toBe(true)
    }
    expect(utility.mayReceive(upTopic(SELF, 'status'))).toBe(true)
    expect([utility.mayPublish(downTopic(SELF, 'config')), utility.mayPublish(downTopic(SELF, 'command'))]).toEqual([
      true,
      true,
    ])
  })

  it('are no part in the market', () => {
    for (const kind of DOWN_KINDS.filter((one) => one !== 'config' && one !== 'command')) {
      expect(utility.mayPublish(downTopic(SELF, kind))).toBe(false)
    }
    for (const kind of UP_KINDS) expect(utility.mayPublish(upTopic(SELF, kind))).toBe(false)
    for (const kind of UP_KINDS.filter((one) => one !== 'status')) {
      expect(utility.maySubscribe(upTopic(SELF, kind))).toBe(false)
      expect(utility.mayReceive(upTopic(SELF, kind))).toBe(false)
    }
    for (const filter of ['#', upFilter(), 'wf/1/+/+/+/status', 'wf/1/+/+/down/config']) {
      expect(utility.maySubscribe(filter)).toBe(false)
    }
  })
})

describe('the rights of a hub', () => {
  it('are every down topic to publish and the up filters to read', () => {
    expect(hub.mayPublish(downTopic(SELF, 'config'))).toBe(true)
    for (const filter of [
      upFilter(),
      upFilter('0a'),
      `wf/1/+/${SELF}/up/+`,
      'wf/1/+/+/up/order',
      upTopic(SELF, 'energy'),
    ]) {
      expect(hub.maySubscribe(filter)).toBe(true)
    }
  })

  it.each([
    upTopic(SELF, 'order'),
    downTopic(SELF, 'receipt').replace(SELF, 'nobody'),
    downTopic(SELF, 'receipt').replace(SELF, OTHER), // the partition is not OTHER's
    'anything',
  ])('do not include publishing to %s', (topic) => {
    expect(hub.mayPublish(topic)).toBe(false)
  })

  it.each(['#', 'wf/#', 'wf/1/+/+/down/+', 'wf/1/+/+/+/+', `$share/hubs/${upFilter()}`, '$SYS/#', 'wf/1/0A/+/up/+'])(
    'do not include subscribing to %s',
    (filter) => {
      expect(hub.maySubscribe(filter)).toBe(false)
    },
  )
})

describe('rightsOf', () => {
  it('never lets one gateway near another', () => {
    const id = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => gatewayIdFrom(bytes))
    fc.assert(
      fc.property(id, id, fc.constantFrom(...UP_KINDS), fc.constantFrom(...DOWN_KINDS), (a, b, up, down) => {
        fc.pre(a !== b)
        const rights = rightsOf({ role: 'gateway', name: a })
        expect(rights.mayPublish(upTopic(b, up))).toBe(false)
        expect(rights.maySubscribe(downTopic(b, down))).toBe(false)
        expect(rights.mayReceive(downTopic(b, down))).toBe(false)
      }),
    )
  })
})

describe('identityOf', () => {
  it.each([
    [
      { CN: SELF, OU: 'gateway' },
      { role: 'gateway', name: SELF },
    ],
    [
      { CN: 'hub', OU: 'hub' },
      { role: 'hub', name: 'hub' },
    ],
    [
      { CN: 'hub-12', OU: 'hub' },
      { role: 'hub', name: 'hub-12' },
    ],
    [
      { CN: 'utility', OU: 'utility' },
      { role: 'utility', name: 'utility' },
    ],
    [{ CN: 'utility', OU: 'hub' }, undefined],
    [{ CN: 'hub', OU: 'utility' }, undefined],
    [{ CN: 'hub', OU: 'gateway' }, undefined],
    [{ CN: SELF, OU: 'hub' }, undefined],
    [{ CN: SELF.toUpperCase(), OU: 'gateway' }, undefined],
    [{ CN: SELF }, undefined],
    [{ CN: SELF, OU: ['gateway', 'hub'] }, undefined],
    [{ CN: [SELF, 'hub'], OU: 'hub' }, undefined],
    [{}, undefined],
  ])('%j is %j', (subject, identity) => {
    expect(identityOf(subject)).toEqual(identity)
  })

  it('tells the two forms of client ids apart', () => {
    expect(identityOfClientId(SELF)?.role).toBe('gateway')
    expect(identityOfClientId('hub-3')?.role).toBe('hub')
    expect(identityOfClientId('utility-2')?.role).toBe('utility')
    expect(identityOfClientId('aedes_1')).toBeUndefined()
  })
})
