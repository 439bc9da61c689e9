import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gatewayIdFrom } from '../src/ids.ts'
import {
  DOWN_KINDS,
  downFilters,
  downTopic,
  parseTopic,
  partitionOf,
  UP_KINDS,
  upFilter,
  upTopic,
} from '../src/topics.ts'

const GATEWAY = 'aaaqeayeaudaocajbifqydiob4'
const PARTITION = '00'
const OTHER = 'mzxw6ytbojtg633cmfzgm33pmi'
const anyGateway = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(gatewayIdFrom)

/** Whether an MQTT 3.1.1 filter takes a topic (section 4.7); enough of it for filters without `#`. */
function matches(filter: string, topic: string): boolean {
  const [levels, wanted] = [topic.split('/'), filter.split('/')]
  return levels.length === wanted.length && wanted.every((level, i) => level === '+' || level === levels[i])
}

describe('topics', () => {
  it('are those of the contract', () => {
    expect(UP_KINDS).toEqual(['order', 'cancel', 'energy', 'status'])
    expect(DOWN_KINDS).toEqual(['receipt', 'outcome', 'trade', 'settlement', 'balance', 'market', 'config', 'command'])
    expect(upTopic(GATEWAY, 'order')).toBe('wf/1/00/aaaqeayeaudaocajbifqydiob4/up/order')
    expect(downTopic(OTHER, 'receipt')).toBe('wf/1/fe/mzxw6ytbojtg633cmfzgm33pmi/down/receipt')
    expect(downFilters(OTHER)).toHaveLength(DOWN_KINDS.length)
    expect(downFilters(OTHER)).toContain('wf/1/fe/mzxw6ytbojtg633cmfzgm33pmi/down/receipt')
    expect(upFilter()).toBe('wf/1/+/+/up/+')
    expect(upFilter('fe')).toBe('wf/1/fe/+/up/+')
  })

  it('have the partition of their gateway, whichever was asked for before', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(GATEWAY, OTHER, '', 'hub')), (names) => {
        for (const name of names) {
          expect(partitionOf(name)).toBe(createHash('sha256').update(name).digest('hex').slice(0, 2))
        }
      }),
    )
  })

  // the first byte of SHA-256, computed with Python's hashlib
  it.each([
    { gateway: GATEWAY, partition: '00' },
    { gateway: 'aaaaaaaaaaaaaaaaaaaaaaaaaa', partition: '99' },
    { gateway: '77777777777777777777777774', partition: '12' },
    { gateway: OTHER, partition: 'fe' },
    { gateway: 'tvq3dhpp7vngbouejl2jf3bmyq', partition: '74' },
  ])('put $gateway into partition $partition', ({ gateway, partition }) => {
    expect(partitionOf(gateway)).toBe(partition)
  })

  it('come back from their text, whatever the gateway and the kind', () => {
    fc.assert(
      fc.property(anyGateway, fc.constantFrom(...UP_KINDS), fc.constantFrom(...DOWN_KINDS), (gateway, up, down) => {
        const partition = partitionOf(gateway)
        expect(parseTopic(upTopic(gateway, up))).toEqual({ partition, gateway, direction: 'up', kind: up })
        expect(parseTopic(downTopic(gateway, down))).toEqual({ partition, gateway, direction: 'down', kind: down })
      }),
    )
  })

  it('are taken by the filters meant for them, and by no other', () => {
    fc.assert(
      fc.property(anyGateway, anyGateway, (gateway, other) => {
        fc.pre(gateway !== other)
        for (const kind of UP_KINDS) {
          const topic = upTopic(gateway, kind)
          expect(matches(upFilter(), topic)).toBe(true)
          expect(matches(upFilter(partitionOf(gateway)), topic)).toBe(true)
          expect(downFilters(gateway)).not.toContain(topic)
        }
        for (const kind of DOWN_KINDS) {
          const topic = downTopic(gateway, kind)
          expect(downFilters(gateway)).toContain(topic)
          expect(downFilters(other)).not.toContain(topic)
          expect(matches(upFilter(), topic)).toBe(false)
        }
      }),
    )
  })

  it('are refused with any partition but the gateway’s own', () => {
    for (let n = 0; n < 256; n++) {
      const partition = n.toString(16).padStart(2, '0')
      const parsed = parseTopic(`wf/1/${partition}/${GATEWAY}/up/order`)
      expect(parsed?.partition).toBe(partition === PARTITION ? PARTITION : undefined)
    }
  })

  it.each([
    '',
    '/',
    'wf',
    `wf/1/${PARTITION}/${GATEWAY}/up`,
    `wf/1/${PARTITION}/${GATEWAY}/up/order/more`,
    `/wf/1/${PARTITION}/${GATEWAY}/up/order`,
    `wf/1/${PARTITION}/${GATEWAY}/up/order/`,
    `wf//${PARTITION}/${GATEWAY}/up/order`,
    `wf/1//${GATEWAY}/up/order`,
    `wf/1/${PARTITION}//up/order`,
    `wf/1/${PARTITION}/${GATEWAY}//order`,
    `wf/1/${PARTITION}/${GATEWAY}/up/`,
    `wf/2/${PARTITION}/${GATEWAY}/up/order`,
    `xx/1/${PARTITION}/${GATEWAY}/up/order`,
    `WF/1/${PARTITION}/${GATEWAY}/up/order`,
    `wf/1/+/${GATEWAY}/up/order`,
    `wf/1/${PARTITION}/+/up/order`,
    `wf/1/${PARTITION}/${GATEWAY}/+/order`,
    `wf/1/${PARTITION}/${GATEWAY}/up/+`,
    `wf/1/${PARTITION}/${GATEWAY}/up/#`,
    `wf/1/${PARTITION}/${GATEWAY}/#`,
    '+/+/+/+/+/+',
    '#',
    `wf/1/${PARTITION}/${GATEWAY.toUpperCase()}/up/order`,
    `wf/1/${PARTITION}/${GATEWAY.slice(1)}/up/order`,
    `wf/1/${PARTITION}/${GATEWAY}/up/receipt`,
    `wf/1/${PARTITION}/${GATEWAY}/down/order`,
    `wf/1/${PARTITION}/${GATEWAY}/up/toString`,
    `wf/1/${PARTITION}/${GATEWAY}/sideways/order`,
    `wf/1/${PARTITION}/${GATEWAY}/up/order\0`,
  ])('does not take %j', (topic) => {
    expect(parseTopic(topic)).toBeUndefined()
  })
})
