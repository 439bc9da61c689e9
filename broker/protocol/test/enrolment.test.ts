import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../src/bytes.ts'
import { DEFAULT_RULES } from '../src/community.ts'
import {
  type Claim,
  ENROLMENT_REFUSALS,
  type EnrolmentGrant,
  type EnrolmentRefusal,
  type EnrolmentRequest,
  enrolmentProof,
} from '../src/enrolment.ts'
import { isGatewayId } from '../src/ids.ts'
import { signingKeyFromSeed, verifySignature } from '../src/keys.ts'
import { run } from './support/bytes.ts'

const PEM = '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n'
const key = signingKeyFromSeed(run(1, 32))

const claim: Claim = { url: 'https://127.0.0.1:8443', caPem: PEM, claim: 'cd'.repeat(32) }
const request: EnrolmentRequest = {
  claim: claim.claim,
  serial: 'pi-1',
  csrPem: PEM,
  signingKey: toHex(key.publicKey),
  proof: toHex(key.sign(enrolmentProof(claim.claim, 'pi-1'))),
}
const grant: EnrolmentGrant = {
  gateway: 'aaaqeayeaudaocajbifqydiob4',
  certificatePem: PEM,
  caPem: PEM,
  chain: 'ef'.repeat(32),
  epoch: 1,
  rules: { community: 7, ...DEFAULT_RULES },
  brokerUrl: 'mqtts://127.0.0.1:8883',
  hubKey: '01'.repeat(32),
  capImportWh: 2_500,
  capExportWh: 2_500,
}

/** What the other end reads: undefined fields, bytes and bigints would not arrive. */
const overTheWire = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('enrolment', () => {
  it.each([
    { name: 'claim', value: claim },
    { name: 'request', value: request },
    { name: 'grant', value: grant },
    ...ENROLMENT_REFUSALS.map((error) => ({
      name: `refusal ${error}`,
      value: { error, message: 'no' } satisfies EnrolmentRefusal,
    })),
  ])('carries its $name as JSON without loss', ({ value }) => {
    expect(overTheWire(value)).toEqual(value)
  })

  it('refuses for a closed set of reasons', () => {
    expect(ENROLMENT_REFUSALS).toEqual([
      'malformed',
      'unknown-claim',
      'claim-expired',
      'claim-used',
      'quarantined',
      'awaiting-approval',
      'refused-by-utility',
      'utility-unavailable',
      'bad-proof',
      'chain-unavailable',
    ])
  })

  it('proves the signing key over the UTF-8 bytes of this claim and no other', () => {
    const received = overTheWire(request) as EnrolmentRequest
    const publicKey = fromHex(received.signingKey, 32) ?? expect.fail('a key has 32 bytes')
    const proof = fromHex(received.proof, 64) ?? expect.fail('a proof has 64 bytes')
    expect(verifySignature(publicKey, enrolmentProof(received.claim, received.serial), proof)).toBe(true)
    expect(verifySignature(publicKey, enrolmentProof('ce'.repeat(32), received.serial), proof)).toBe(false)
    expect(verifySignature(publicKey, enrolmentProof(received.claim, 'pi-2'), proof)).toBe(false)
  })

  it('grants a name that is a gateway id', () => {
    expect(isGatewayId(grant.gateway)).toBe(true)
  })
})
