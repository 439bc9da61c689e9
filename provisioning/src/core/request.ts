import { type EnrolmentRequest, SERIAL, SERIAL_FORM } from '@wattfleet/protocol'

const FIELDS = ['claim', 'serial', 'csrPem', 'signingKey', 'proof'] as const
const HEX_LENGTHS = { claim: 64, signingKey: 64, proof: 128 } as const

export type ParsedRequest =
  | { readonly ok: true; readonly request: EnrolmentRequest }
  | { readonly ok: false; readonly message: string }

/** Reads the body of an enrolment by its contract; the message names the field and what was expected. */
export function parseEnrolmentRequest(text: string): ParsedRequest {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return { ok: false, message: 'the body is not JSON' }
  }
  if (typeof body !== 'object' || body === null) return { ok: false, message: 'the body is not an object' }
  const values = body as Record<string, unknown>
  for (const field of FIELDS) {
    if (typeof values[field] !== 'string') return { ok: false, message: `${field}: expected a text` }
  }
  const request = values as unknown as EnrolmentRequest
  for (const field of ['claim', 'signingKey', 'proof'] as const) {
    const length = HEX_LENGTHS[field]
    if (request[field].length !== length || !/^[0-9a-fA-F]*$/.test(request[field])) {
      return { ok: false, message: `${field}: expected ${length} hex digits` }
    }
  }
  const { claim, serial, csrPem, signingKey, proof } = request
  if (!SERIAL.test(serial)) return { ok: false, message: `serial: ${SERIAL_FORM}` }
  return { ok: true, request: { claim, serial, csrPem, signingKey: signingKey.toLowerCase(), proof } }
}
