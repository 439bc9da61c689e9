import { partitionOf } from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import { limitsSchema } from '../../../src/config.ts'
import { emqxFiles } from '../../../src/core/engines/emqx.ts'
import { mosquittoFiles } from '../../../src/core/engines/mosquitto.ts'
import { rabbitmqFiles } from '../../../src/core/engines/rabbitmq.ts'
import type { EngineSettings } from '../../../src/core/engines/rules.ts'
import { EMQX_KEYS, hoconKeys } from '../../fixtures/emqx-schema.ts'

const [SELF, OTHER, GONE] = ['a'.repeat(26), 'b'.repeat(26), 'c'.repeat(26)]

const settings: EngineSettings = {
  host: '192.0.2.1',
  port: 8883,
  limits: limitsSchema.parse({ queuedPerClient: 77, connections: 66, connectionsPerClient: 2, messagesPerSecond: 5 }),
  caPath: '/tls/ca.pem',
  certPath: '/tls/broker.pem',
  keyPath: '/tls/broker.key',
  folder: '/etc/engine',
  dataFolder: '/var/lib/engine',
  services: [
    { role: 'hub', name: 'hub-1' },
    { role: 'utility', name: 'utility' },
  ],
  gateways: [SELF, OTHER, GONE],
  revoked: [GONE],
}

const linesOf = (text = '') => text.split('\n').map((line) => line.trim())

describe('Mosquitto', () => {
  it('is told the limits, the certificates and where its rules lie', () => {
    const lines = linesOf(mosquittoFiles({ ...settings, crlPath: '/tls/revoked.crl' })['mosquitto.conf'])
    for (const line of [
      'listener 8883 192.0.2.1',
      'max_connections 66',
      'cafile /tls/ca.pem',
      'crlfile /tls/revoked.crl',
      'acl_file /etc/engine/acl',
      'persistence_location /var/lib/engine/',
      'allow_anonymous false',
      'require_certificate true',
      'use_identity_as_username true',
      'use_username_as_clientid true',
    ]) {
      expect(lines).toContain(line)
    }
  })

  it('shuts a revoked gateway out by name, after the patterns for all', () => {
    const lines = linesOf(mosquittoFiles(settings).acl)
    expect(lines.slice(-3)).toEqual([`user ${GONE}`, 'topic deny #', ''])
    expect(lines).toContain('pattern write wf/1/+/%u/up/order')
    expect(lines.slice(lines.indexOf('user utility'))).not.toContain('topic write wf/1/+/+/down/receipt')
  })
})

interface Definitions {
  users: { name: string; password_hash: string; limits: object }[]
  permissions: { user: string; configure: string; write: string; read: string }[]
  topic_permissions: { user: string; write: string; read: string }[]
  policies: { pattern: string; definition: Record<string, unknown> }[]
}

describe('RabbitMQ', () => {
  const files = rabbitmqFiles(settings)
  const definitions = JSON.parse(files['definitions.json'] ?? '') as Definitions
  const of = <T extends { user: string }>(entries: readonly T[], name: string) =>
    entries.find(({ user }) => user === name)

  it('knows every gateway but the revoked, each without a password', () => {
    expect(definitions.users.map(({ name }) => name)).toEqual(['hub-1', 'utility', SELF, OTHER])
    for (const user of definitions.users) {
      expect(user).toMatchObject({ password_hash: '', limits: { 'max-connections': 2 } })
    }
  })

  it('lets a gateway touch its own queues only', () => {
    const own = of(definitions.permissions, SELF)
    const may = (pattern: string | undefined, name: string) => new RegExp(pattern ?? '').test(name)
    for (const right of [own?.configure, own?.write, own?.read]) {
      expect(may(right, `mqtt-subscription-${SELF}qos1`)).toBe(true)
      expect(may(right, `mqtt-subscription-${OTHER}qos1`)).toBe(false)
      expect(may(right, `mqtt-subscription-${SELF}qos1x`)).toBe(false)
    }
    expect(may(own?.configure, 'amq.topic')).toBe(false)
    expect(may(own?.write, 'amq.topic')).toBe(true)
  })

  it.each<[string, 'write' | 'read', string, boolean]>([
    [SELF, 'write', `wf.1.${partitionOf(SELF)}.${SELF}.up.order`, true],
    [SELF, 'write', `wf.1.zz.${SELF}.up.order`, false],
    [SELF, 'write', `wf.1.${partitionOf(OTHER)}.${OTHER}.up.order`, false],
    [SELF, 'write', `wf.1.${partitionOf(SELF)}.${SELF}.up.order.more`, false],
    [SELF, 'read', `wf.1.${partitionOf(SELF)}.${SELF}.down.trade`, true],
    [SELF, 'read', `wf.1.${partitionOf(SELF)}.${SELF}.down.*`, false],
    [SELF, 'read', '#', false],
    ['hub-1', 'read', 'wf.1.*.*.up.*', true],
    ['hub-1', 'read', 'wf.1.0a.*.up.*', true],
    ['hub-1', 'read', 'wf.1.*.*.down.*', false],
    ['hub-1', 'read', 'wf.#', false],
    ['hub-1', 'write', `wf.1.0a.${SELF}.down.receipt`, true],
    ['utility', 'write', `wf.1.0a.${SELF}.down.receipt`, false],
    ['utility', 'write', `wf.1.0a.${SELF}.down.command`, true],
    ['utility', 'read', 'wf.1.*.*.up.status', true],
    ['utility', 'read', 'wf.1.*.*.up.*', false],
  ])('%s, %s, %s: %s', (user, access, key, isAllowed) => {
    expect(new RegExp(of(definitions.topic_permissions, user)?.[access] ?? '').test(key)).toBe(isAllowed)
  })

  it('bounds queues by who owns them', () => {
    const policyOf = (queue: string) => definitions.policies.filter(({ pattern }) => new RegExp(pattern).test(queue))
    expect(policyOf(`mqtt-subscription-${SELF}qos1`).map(({ definition }) => definition['max-length'])).toEqual([77])
    expect(policyOf('mqtt-subscription-hub-1qos1').map(({ definition }) => definition['max-length'])).toEqual([10_000])
  })
})

describe('EMQX', () => {
  const files = emqxFiles(settings)

  it('has its rules in Erlang terms that close, the shut out before all and everything else refused', () => {
    const rules = linesOf(files['acl.conf']).filter((line) => line.startsWith('{'))
    expect(rules[0]).toBe(`{deny, {clientid, "${GONE}"}, all, ["#"]}.`)
    expect(rules.at(-1)).toBe('{deny, all}.')
    for (const rule of rules) expect(closes(rule)).toBe(true)
  })

  it('has only keys that its schema knows, with values of their type', () => {
    const keys = hoconKeys(files['emqx.conf'] ?? '')
    expect(keys.length).toBeGreaterThan(40)
    for (const [path, value] of keys) {
      const known = Object.entries(EMQX_KEYS).find(([key]) => sameKey(key, path))
      expect(known, `${path} is a key of EMQX 5.8.9`).toBeDefined()
      expect(value, path).toMatch(known?.[1] ?? /^$/)
    }
    const all = new Set(keys.map(([path]) => path))
    expect(all.size).toBe(keys.length)
    for (const key of Object.keys(EMQX_KEYS))
      expect(
        [...all].some((path) => sameKey(key, path)),
        key,
      ).toBe(true)
  })

  it.each([
    [5, '"5/s"'],
    [0.5, '"50/100s"'],
    [0.001, '"1/100s"'],
  ])('writes a rate of %d a second as %s', (messagesPerSecond, text) => {
    const conf = emqxFiles({ ...settings, limits: { ...settings.limits, messagesPerSecond } })['emqx.conf']
    expect(hoconKeys(conf ?? '').find(([path]) => path.endsWith('messages_rate'))?.[1]).toBe(text)
  })

  it('shows its dashboard to its own machine only, and bans who is shut out', () => {
    expect(hoconKeys(files['emqx.conf'] ?? '')).toContainEqual(['dashboard.listeners.http.bind', '"127.0.0.1:18083"'])
    expect(files['banned.csv']).toBe(`as,who\nclientid,${GONE}\n`)
  })

  it('has a configuration whose brackets close, with the limits', () => {
    const text = files['emqx.conf'] ?? ''
    expect(closes(text)).toBe(true)
    for (const line of [
      'no_match = deny',
      'messages_rate = "5/s"',
      'peer_cert_as_clientid = cn',
      'zones.gateways.mqtt.max_mqueue_len = 77',
    ]) {
      expect(linesOf(text)).toContain(line)
    }
  })
})

/** Whether a path is this key, in which * stands for any name. */
function sameKey(key: string, path: string): boolean {
  const [levels, parts] = [key.split('.'), path.split('.')]
  return levels.length === parts.length && levels.every((level, n) => level === '*' || level === parts[n])
}

/** Whether every bracket outside strings and comments is closed by its like. */
function closes(text: string): boolean {
  const open: string[] = []
  const bare = text.replace(/"(\\.|[^"\\])*"/g, '').replace(/^\s*(#|%%).*$/gm, '')
  for (const character of bare) {
    if ('{[('.includes(character)) open.push(character)
    else if ('}])'.includes(character) && open.pop() !== '{[('['}])'.indexOf(character)]) return false
  }
  return open.length === 0
}
