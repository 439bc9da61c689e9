import { DOWN_KINDS, gatewayIdFrom, partitionOf, UP_KINDS } from '@wattfleet/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NAMES } from '../../../src/core/engines/emqx.ts'
import { GRANTS, type Grant, parseGateways, serviceNamed } from '../../../src/core/engines/rules.ts'
import { type Identity, identityOf } from '../../../src/core/identity.ts'
import { rightsOf } from '../../../src/core/rights.ts'

const gateway = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => gatewayIdFrom(bytes))

const identity: fc.Arbitrary<Identity> = fc.oneof(
  gateway.map((name) => ({ role: 'gateway' as const, name })),
  fc.constantFrom('hub', 'hub-7').map((name) => ({ role: 'hub' as const, name })),
  fc.constantFrom('utility', 'utility-7').map((name) => ({ role: 'utility' as const, name })),
)

const kind = fc.constantFrom(...UP_KINDS, ...DOWN_KINDS, 'gossip')
const direction = fc.constantFrom('up', 'down', 'aside')

function grantsTo(who: Identity, access: Grant['access'], target: string, level: string, of: string): boolean {
  return GRANTS.some(
    (grant) =>
      grant.role === who.role &&
      grant.access === access &&
      (grant.gateway === 'any' || target === who.name) &&
      grant.direction === level &&
      grant.kinds.includes(of),
  )
}

describe('the grants', () => {
  it('allow to publish and to read exactly what the embedded broker allows', () => {
    fc.assert(
      fc.property(identity, gateway, fc.boolean(), direction, kind, (who, stranger, isOwn, level, of) => {
        const target = isOwn && who.role === 'gateway' ? who.name : stranger
        const topic = `wf/1/${partitionOf(target)}/${target}/${level}/${of}`
        const rights = rightsOf(who)
        expect(grantsTo(who, 'publish', target, level, of)).toBe(rights.mayPublish(topic))
        expect(grantsTo(who, 'subscribe', target, level, of)).toBe(rights.mayReceive(topic))
        expect(grantsTo(who, 'subscribe', target, level, of)).toBe(rights.maySubscribe(topic))
      }),
      { numRuns: 2_000 },
    )
  })

  it('leave wildcards to those whom the embedded broker leaves them', () => {
    for (const who of [{ role: 'gateway', name: 'a'.repeat(26) } as const, ...services]) {
      const grant = GRANTS.find(({ role, access }) => role === who.role && access === 'subscribe')
      const filter = `wf/1/+/+/${grant?.direction}/${grant?.kinds[0]}`
      expect(grant?.wildcards).toBe(rightsOf(who).maySubscribe(filter))
    }
  })
})

const services: readonly Identity[] = [
  { role: 'hub', name: 'hub' },
  { role: 'utility', name: 'utility' },
]

describe('names', () => {
  it('have for EMQX the forms that identities have', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('gateway', 'hub', 'utility'),
        fc.oneof(
          identity.map(({ name }) => name),
          fc.string(),
        ),
        (role, name) => {
          expect(new RegExp(NAMES[role]).test(name)).toBe(identityOf({ CN: name, OU: role }) !== undefined)
        },
      ),
    )
  })

  it('of services are of their role', () => {
    expect(serviceNamed('hub', 'hub-12')).toEqual({ role: 'hub', name: 'hub-12' })
    expect(serviceNamed('hub', 'utility')).toBeUndefined()
    expect(serviceNamed('utility', 'a'.repeat(26))).toBeUndefined()
  })

  it('of gateways come from a list, and a mistake names its line', () => {
    const [a, b] = ['a'.repeat(26), 'b'.repeat(26)]
    expect(parseGateways(`# fleet\n${a} # roof\r\n\n${b}\n${a}\n`)).toEqual([a, b])
    expect(() => parseGateways(`${a}\nhub\n`)).toThrow('line 2: expected a gateway’s name'.replace('’', "'"))
  })
})
