import {
  CERTIFICATE_SERIAL,
  type EnrolmentRequest,
  GATEWAY_ID,
  type ProvenRequest,
  type RenewalRequest,
  SERIAL,
  SERIAL_FORM,
} from '@wattfleet/protocol'

export type Parsed<T> = { readonly ok: true; readonly request: T } | { readonly ok: false; readonly message: string }

interface Form {
  readonly is: RegExp
  readonly form: string
}

const hex = (bytes: number): Form => ({
  is: new RegExp(`^[0-9a-fA-F]{${bytes * 2}}$`),
  form: `expected ${bytes * 2} hex digits`,
})
const ANY: Form = { is: /^/, form: 'expected a text' }
const PROOF = hex(64)
const CERTIFICATE: Form = { is: CERTIFICATE_SERIAL, form: 'expected the serial number in lower-case hex digits' }
const GATEWAY: Form = { is: GATEWAY_ID, form: 'expected 26 characters of base32' }

/** Reads the body of an enrolment by its contract; the message names the field and what was expected. */
export function parseEnrolmentRequest(text: string): Parsed<EnrolmentRequest> {
  const serial = { is: SERIAL, form: SERIAL_FORM }
  const forms = { claim: hex(32), serial, csrPem: ANY, signingKey: hex(32), proof: PROOF }
  const parsed = parse<EnrolmentRequest>(text, forms)
  if (!parsed.ok) return parsed
  return { ok: true, request: { ...parsed.request, signingKey: parsed.request.signingKey.toLowerCase() } }
}

/** The same for a renewal. */
export function parseRenewalRequest(text: string): Parsed<RenewalRequest> {
  return parse<RenewalRequest>(text, { gateway: GATEWAY, certificate: CERTIFICATE, csrPem: ANY, proof: PROOF })
}

/** The same for the word that the new certificate works. */
export function parseProvenRequest(text: string): Parsed<ProvenRequest> {
  return parse<ProvenRequest>(text, { gateway: GATEWAY, certificate: CERTIFICATE, proof: PROOF })
}

/** An object that has these fields, all of them texts. Others are left out. */
function parse<T>(text: string, forms: Readonly<Record<keyof T, Form>>): Parsed<T> {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return { ok: false, message: 'the body is not JSON' }
  }
  if (typeof body !== 'object' || body === null) return { ok: false, message: 'the body is not an object' }
  const request: Record<string, string> = {}
  for (const [field, { is, form }] of Object.entries<Form>(forms)) {
    const value = (body as Record<string, unknown>)[field]
    if (typeof value !== 'string') return { ok: false, message: `${field}: expected a text` }
    if (!is.test(value)) return { ok: false, message: `${field}: ${form}` }
    request[field] = value
  }
  return { ok: true, request: request as T }
}
