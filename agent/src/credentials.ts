import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { checkConfig, type EnrolmentGrant, Fault, messageOf, toHex } from '@wattfleet/protocol'
import { z } from 'zod'
import { type Credential, credentialOf } from './credential.ts'
import type { Enrolled } from './enrol.ts'
import { grantSchema } from './enrolment-schema.ts'
import type { StateFiles } from './ports.ts'

/**
 * The certificate that the gateway has, and the one that is to take its place: both are kept until the new one was let in.
 * What a call changes is on the disk when it returns. Throws Fault `store`.
 */
export interface Credentials {
  current(): Credential
  /** Granted, and not let in yet. */
  next(): Credential | undefined
  /** Whether the utility knows that the current one works. */
  isTold(): boolean
  /** The key for the next certificate: on the disk before it is named to anyone, and the same again until it is granted. */
  nextKey(): KeyObject
  /** Gives that key up: the utility has seen it before. */
  dropNextKey(): void
  /** What the utility granted for that key. Throws Fault `enrolment` where it is not for this gateway and that key. */
  keep(grant: EnrolmentGrant): void
  /** The next one was let in: it takes the place of the current one. */
  prove(): void
  told(): void
}

/**
 *   next.json     the key of the next certificate, which certificate it takes the place of, and its grant once there is one
 *   renewed.json  the current certificate, once the one from the enrolment was replaced
 *
 * Each is written whole. After a power cut between the two, `next.json` takes the place of a certificate that is not the
 * current one any more, and is nothing.
 */
const NEXT = 'next.json'
const RENEWED = 'renewed.json'
export const RENEWAL_FILES = [RENEWED, NEXT] as const

const keyPem = z.string().includes('PRIVATE KEY')
const nextSchema = z.strictObject({ tlsKeyPem: keyPem, replaces: z.string(), grant: grantSchema.optional() })
const renewedSchema = z.strictObject({
  tlsKeyPem: keyPem,
  /** The signing key that it belongs to: after another enrolment it is nothing. */
  signingKey: z.string(),
  grant: grantSchema,
  isTold: z.boolean(),
})

export function openCredentials(files: StateFiles, enrolled: Enrolled): Credentials {
  const signingKey = toHex(enrolled.key.publicKey)
  const first = credentialOf(enrolled.grant, enrolled.tlsKeyPem)
  const renewed = read(files, RENEWED, renewedSchema)
  const isOurs = renewed?.signingKey === signingKey && isSameGateway(renewed.grant, enrolled.grant)
  let current = renewed !== undefined && isOurs ? credentialOf(renewed.grant, renewed.tlsKeyPem) : first
  let isTold = renewed === undefined || !isOurs || renewed.isTold
  const waiting = read(files, NEXT, nextSchema)
  let next = waiting?.replaces === current.serial ? waiting : undefined

  const writeRenewed = () => {
    const { grant, tlsKeyPem } = current
    files.write(RENEWED, JSON.stringify({ tlsKeyPem, signingKey, grant, isTold }))
  }
  const writeNext = (tlsKeyPem: string, grant?: EnrolmentGrant) => {
    const written = { tlsKeyPem, replaces: current.serial, ...(grant !== undefined && { grant }) }
    files.write(NEXT, JSON.stringify(written))
    next = written
  }
  return {
    current: () => current,
    next: () => (next?.grant === undefined ? undefined : credentialOf(next.grant, next.tlsKeyPem)),
    isTold: () => isTold,
    nextKey() {
      if (next === undefined)
        writeNext(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export(PEM).toString())
      return createPrivateKey(next?.tlsKeyPem ?? '')
    },
    dropNextKey() {
      writeNext(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export(PEM).toString())
    },
    keep(grant) {
      if (next === undefined) throw new Fault('internal', 'a certificate for a key that was never made')
      if (!isSameGateway(grant, enrolled.grant)) throw new Fault('enrolment', 'the renewed grant is of another gateway')
      credentialOf(grant, next.tlsKeyPem)
      writeNext(next.tlsKeyPem, grant)
    },
    prove() {
      if (next?.grant === undefined) throw new Fault('internal', 'there is no certificate that could be proven')
      const former = { current, isTold }
      current = credentialOf(next.grant, next.tlsKeyPem)
      isTold = false
      try {
        writeRenewed()
      } catch (error) {
        ;({ current, isTold } = former)
        throw error
      }
      next = undefined
    },
    told() {
      isTold = true
      writeRenewed()
    },
  }
}

const PEM = { format: 'pem', type: 'pkcs8' } as const

/** Whether a grant goes on where another stands: same gateway, same chain, same epoch. */
function isSameGateway(one: EnrolmentGrant, other: EnrolmentGrant): boolean {
  return one.gateway === other.gateway && one.epoch === other.epoch && one.chain === other.chain
}

function read<T>(files: StateFiles, name: string, schema: z.ZodType<T>): T | undefined {
  const text = files.read(name)
  if (text === undefined) return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Fault('store', `${name} is damaged: ${messageOf(error)}`, { cause: error })
  }
  return checkConfig(value, schema, name)
}
