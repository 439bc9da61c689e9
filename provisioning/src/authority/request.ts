import 'reflect-metadata'
import { createPublicKey } from 'node:crypto'
import { type JsonName, Pkcs10CertificateRequest } from '@peculiar/x509'

/** The longest PEM accepted: a request for an EC key takes about 500 bytes. */
const MAX_PEM_LENGTH = 8 * 1024
const PEM_START = /^-----BEGIN (NEW )?CERTIFICATE REQUEST-----\r?\n/
const CURVES = ['prime256v1', 'secp384r1']

export type OpenedRequest =
  /** `publicKey`: SubjectPublicKeyInfo, DER. `subject`: the name that was asked for. */
  | { readonly ok: true; readonly publicKey: Uint8Array; readonly subject: JsonName }
  | { readonly ok: false; readonly error: 'malformed' | 'bad-proof'; readonly message: string }

/** Opens a PKCS #10 request (RFC 2986) and checks that whoever made it holds its key. Attributes are ignored. */
export async function openRequest(pem: string): Promise<OpenedRequest> {
  if (pem.length > MAX_PEM_LENGTH || !PEM_START.test(pem)) return malformed('csrPem is not a PEM certificate request')
  let request: Pkcs10CertificateRequest
  let publicKey: Buffer
  let subject: JsonName
  try {
    request = new Pkcs10CertificateRequest(pem)
    publicKey = Buffer.from(request.publicKey.rawData)
    subject = request.subjectName.toJSON()
    const key = createPublicKey({ key: publicKey, format: 'der', type: 'spki' })
    if (!CURVES.includes(key.asymmetricKeyDetails?.namedCurve ?? '')) {
      return malformed('the key of the certificate request is not of curve P-256 or P-384')
    }
  } catch {
    return malformed('csrPem does not hold a PKCS #10 request')
  }
  const isSigned = await request.verify().catch(() => false)
  if (!isSigned)
    return { ok: false, error: 'bad-proof', message: 'the certificate request is not signed by its own key' }
  return { ok: true, publicKey, subject }
}

function malformed(message: string): OpenedRequest {
  return { ok: false, error: 'malformed', message }
}
