import { createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import {
  type Clock,
  checkConfig,
  type EnrolmentGrant,
  type EnrolmentRequest,
  enrolmentProof,
  Fault,
  fromHex,
  messageOf,
  type SigningKey,
  signingKeyFromSeed,
  toHex,
} from '@wattfleet/protocol'
import { z } from 'zod'
import { certificateRequest } from './certificate-request.ts'
import { type AnyClaim, readClaim } from './claim.ts'
import { type BackoffRules, backoffMs } from './core/backoff.ts'
import { credentialOf } from './credential.ts'
import { RENEWAL_FILES } from './credentials.ts'
import { grantSchema } from './enrolment-schema.ts'
import { beginAfresh, leaveBehind } from './former.ts'
import type { Identity } from './identity.ts'
import type { EnrolmentService, Log, StateFiles } from './ports.ts'

export interface Enrolled extends Identity {
  /** PEM, PKCS #8. */
  readonly tlsKeyPem: string
}

export interface EnrolmentParts {
  readonly files: StateFiles
  readonly claimPath: string
  /** Of this gateway. */
  readonly serial: () => string
  readonly service: (claim: AnyClaim) => EnrolmentService
  readonly transport: Clock
  readonly random: () => number
  readonly log: Log
}

const KEYS = 'keys.json'
const GRANT = 'grant.json'
const RETRY: BackoffRules = { firstMs: 1_000, mostMs: 60_000 }

const keysSchema = z.strictObject({
  tlsKeyPem: z.string().includes('PRIVATE KEY'),
  /** Ed25519 seed, 32 bytes, hex. */
  signingSeed: z.string().regex(/^[0-9a-f]{64}$/),
})

/**
 * The gateway's identity: the stored one, or a new one by the claim. Keys are on the disk before they are named to
 * anyone, so a request that is sent again after a power cut is the same request. Rejects with Fault `enrolment` when the
 * utility refused for good, `config` when the claim cannot be used, `store` when the state cannot be kept.
 */
export async function enrol(parts: EnrolmentParts, signal: AbortSignal): Promise<Enrolled | undefined> {
  const { files, log } = parts
  beginAfresh(files, [GRANT, KEYS, ...RENEWAL_FILES], claimIfAny(parts), log)
  const stored = files.read(GRANT)
  if (stored !== undefined) {
    const keys = loadKeys(files)
    if (keys === undefined)
      throw new Fault('store', `${GRANT} is there but ${KEYS} is not: this gateway must be enrolled anew`)
    return identityOf(keys, checkConfig(parseJson(stored, GRANT), grantSchema, GRANT))
  }
  const claim = readClaim(parts.claimPath)
  const keys = loadKeys(files) ?? makeKeys(files)
  const grant = await ask(parts, requestOf(claim, keys, parts.serial()), parts.service(claim), signal)
  if (grant === undefined) return undefined
  const enrolled = identityOf(keys, grant)
  const { settled } = leaveBehind(files, grant.gateway, log)
  files.write(GRANT, JSON.stringify(grant))
  settled()
  log.info({ gateway: grant.gateway, epoch: grant.epoch }, 'enrolled')
  return enrolled
}

/** The claim that lies there now. An enrolled gateway needs none: one that cannot be read is told, and changes nothing. */
function claimIfAny({ claimPath, files, log }: EnrolmentParts): string | undefined {
  if (!existsSync(claimPath)) return undefined
  try {
    return readClaim(claimPath).claim
  } catch (error) {
    if (files.read(GRANT) !== undefined) log.warn({ reason: messageOf(error) }, 'the claim is of no use')
    return undefined
  }
}

interface Keys {
  readonly tlsKeyPem: string
  readonly signing: SigningKey
}

function loadKeys(files: StateFiles): Keys | undefined {
  const text = files.read(KEYS)
  if (text === undefined) return undefined
  const { tlsKeyPem, signingSeed } = checkConfig(parseJson(text, KEYS), keysSchema, KEYS)
  return { tlsKeyPem, signing: signingKeyFromSeed(fromHex(signingSeed, 32) as Uint8Array) }
}

function makeKeys(files: StateFiles): Keys {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const tlsKeyPem = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string
  const seed = randomBytes(32)
  files.write(KEYS, JSON.stringify({ tlsKeyPem, signingSeed: toHex(seed) }))
  return { tlsKeyPem, signing: signingKeyFromSeed(seed) }
}

function requestOf({ claim }: AnyClaim, { tlsKeyPem, signing }: Keys, serial: string): EnrolmentRequest {
  return {
    ...{ claim, serial },
    csrPem: certificateRequest(createPrivateKey(tlsKeyPem)),
    signingKey: toHex(signing.publicKey),
    proof: toHex(signing.sign(enrolmentProof(claim, serial))),
  }
}

/** Asks until there is an answer for good; undefined when aborted before. */
async function ask(
  { transport, random, log }: EnrolmentParts,
  request: EnrolmentRequest,
  service: EnrolmentService,
  signal: AbortSignal,
): Promise<EnrolmentGrant | undefined> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      return await service.enrol(request, signal)
    } catch (error) {
      if (signal.aborted) break
      if (!(error instanceof Fault) || !error.retryable) throw error
      const waitMs = backoffMs(attempt, random(), RETRY)
      log.warn({ reason: messageOf(error), waitMs }, 'not enrolled yet')
      await transport.until(transport.nowMs() + waitMs, signal)
    }
  }
  return undefined
}

/** Checks that the certificate is this gateway's own before anything relies on it. */
function identityOf({ tlsKeyPem, signing }: Keys, grant: EnrolmentGrant): Enrolled {
  credentialOf(grant, tlsKeyPem)
  return { grant, key: signing, tlsKeyPem }
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Fault('store', `${name} is damaged: ${messageOf(error)}`, { cause: error })
  }
}
