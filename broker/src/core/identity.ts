import { isGatewayId } from '@wattfleet/protocol'

/** Who stands at the other end, as its certificate says. The name is the certificate's common name and the MQTT client id. */
export interface Identity {
  readonly role: 'gateway' | 'hub' | 'utility'
  readonly name: string
}

/** The parts of a certificate's subject that say who it is; a repeated attribute arrives as an array. */
export interface Subject {
  readonly CN?: unknown
  readonly OU?: unknown
}

/** `hub`, or `hub-<n>` where several share the partitions. */
const HUB_NAME = /^hub(-[0-9]{1,4})?$/
/** `utility`: whoever watches the fleet and configures it. */
const UTILITY_NAME = /^utility(-[0-9]{1,4})?$/

/** The identity in a subject: the organizational unit is the role, the common name must have that role's form. */
export function identityOf(subject: Subject): Identity | undefined {
  const { CN: name, OU: role } = subject
  if (typeof name !== 'string') return undefined
  if (role === 'gateway') return isGatewayId(name) ? { role, name } : undefined
  if (role === 'hub') return HUB_NAME.test(name) ? { role, name } : undefined
  if (role === 'utility') return UTILITY_NAME.test(name) ? { role, name } : undefined
  return undefined
}

/** The identity behind a client id, which always equals a certificate's common name; the forms cannot be confused. */
export function identityOfClientId(clientId: string): Identity | undefined {
  for (const OU of ['gateway', 'hub', 'utility']) {
    const identity = identityOf({ CN: clientId, OU })
    if (identity !== undefined) return identity
  }
  return undefined
}
