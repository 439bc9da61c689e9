import type { CommunityRules } from './community.ts'

/*
 * Enrolment over HTTPS: POST /v1/enrol with an EnrolmentRequest as JSON, answered by an EnrolmentGrant (200)
 * or an EnrolmentRefusal (4xx, 503). The gateway knows the utility's CA from its claim.
 */

/** What the installer puts on a gateway: one file, good for one enrolment. */
export interface Claim {
  /** `https://host:port` of the utility's enrolment service. */
  readonly url: string
  /** The utility's root, PEM: the only one this gateway trusts; two while one replaces the other. */
  readonly caPem: string
  /** The one-time secret, 32 random bytes, hex. */
  readonly claim: string
}

/** What a maker engraves on a gateway, such as a Raspberry Pi's 16 hex digits. */
export const SERIAL = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/
/** The same for people. */
export const SERIAL_FORM = 'expected up to 64 letters, digits and . _ : -'

/** What the signing key signs at enrolment: shows that its holder has this claim, on this gateway. */
export function enrolmentProof(claim: string, serial: string): Uint8Array {
  return Buffer.from(`${claim}\n${serial}`, 'utf8')
}

export interface EnrolmentRequest {
  readonly claim: string
  /** Of the gateway itself, not of its claim: a claim is good for one serial. */
  readonly serial: string
  /** PKCS #10 request (RFC 2986), PEM, signed by the gateway's own TLS key. Its subject is ignored: the utility names the gateway. */
  readonly csrPem: string
  /** The Ed25519 public key that will sign orders, hex. */
  readonly signingKey: string
  /** Ed25519 signature, by that key, over `enrolmentProof`. Hex. */
  readonly proof: string
}

/** What the utility's list says of one of a gateway's devices: members of the agent's configuration file, and nothing else. */
export interface GrantedDevice {
  /** Id of a model, such as `eastron-sdm630`. */
  readonly model: string
  /** Where it is, if the list says so: behind a network address, or on a serial line. */
  readonly host?: string
  readonly port?: number
  readonly framing?: 'rtu'
  readonly serial?: {
    readonly path: string
    readonly baudRate?: number
    readonly parity?: 'none' | 'even' | 'odd'
    readonly stopBits?: 1 | 2
  }
  /** Modbus unit id. */
  readonly unit?: number
}

export interface GrantedDevices {
  readonly meter?: GrantedDevice
  readonly inverter?: GrantedDevice
}

export interface EnrolmentGrant {
  /** Wire name: common name of the certificate, MQTT client id, topic level. */
  readonly gateway: string
  /** Leaf first, then the issuing CA, PEM. */
  readonly certificatePem: string
  /** The roots that the gateway trusts, PEM: one, or two while one replaces the other. */
  readonly caPem: string
  /** 32 bytes, hex. */
  readonly chain: string
  /** Epoch under which the chain registered the signing key. */
  readonly epoch: number
  readonly rules: CommunityRules
  /** `mqtts://host:port` */
  readonly brokerUrl: string
  /** The key that signs receipts and notices, hex. */
  readonly hubKey: string
  /** The key that signs configurations and commands, hex; a gateway without one takes none. */
  readonly utilityKey?: string
  /** Most this site may import or export in one slot, Wh, from the nameplate. */
  readonly capImportWh: number
  readonly capExportWh: number
  /** `https://host:port` where the certificate is renewed; a grant of before does not say. */
  readonly serviceUrl?: string | undefined
  /**
   * For the devices that the gateway's own file does not name; a grant of before says none. Nobody has checked it against
   * the models that this gateway's software knows: it does that itself before it uses any of it.
   */
  readonly devices?: GrantedDevices
}

export const ENROLMENT_REFUSALS = [
  'malformed', // the request does not follow the contract
  'unknown-claim',
  'claim-expired',
  'claim-used', // by another key, or with another serial: the same may ask again and gets the same answer
  'quarantined', // something contradicts itself; the utility has to look
  'awaiting-approval', // ask again later: the utility lets gateways in by hand
  'refused-by-utility', // its own system does not let this gateway in
  'utility-unavailable', // its own system does not answer: try again later
  'bad-proof', // of the signing key or of the certificate request
  'chain-unavailable', // try again later
] as const

/** Refusals after which the same request may succeed later. */
const PASSING: readonly EnrolmentRefusal['error'][] = ['awaiting-approval', 'chain-unavailable', 'utility-unavailable']

export function isPassing(error: EnrolmentRefusal['error']): boolean {
  return PASSING.includes(error)
}

export interface EnrolmentRefusal {
  readonly error: (typeof ENROLMENT_REFUSALS)[number]
  readonly message: string
}
