import { GATEWAY_UNIT, type IssuedLeaf } from './authority/authority.ts'
import { CERTIFICATE_DAYS } from './config.ts'
import type { EnrolmentParts } from './enrol.ts'

/** A gateway's certificate, whether its first or a later one. */
export function gatewayCertificate(
  { authority, settings }: Pick<EnrolmentParts, 'authority' | 'settings'>,
  gateway: string,
  publicKey: Uint8Array,
): Promise<IssuedLeaf> {
  const validDays = settings.certificateDays ?? CERTIFICATE_DAYS
  return authority.issue({ commonName: gateway, unit: GATEWAY_UNIT, publicKey, usage: 'client', validDays })
}

/** What each certificate comes with. */
export function handedDown(
  { authority, settings }: Pick<EnrolmentParts, 'authority' | 'settings'>,
  { certificatePem }: IssuedLeaf,
) {
  const { brokerUrl, hubKey, utilityKey, publicUrl } = settings
  const serviceUrl = publicUrl === undefined ? {} : { serviceUrl: publicUrl }
  const keys = { hubKey, ...(utilityKey !== undefined && { utilityKey }) }
  return { certificatePem, caPem: authority.caPem, brokerUrl, ...keys, ...serviceUrl }
}
