import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gatewayIdFrom } from '@wattfleet/protocol'
import { type Authority, createAuthority, issueServerCertificate } from '@wattfleet/provisioning'
import { connect } from 'mqtt'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Broker, startBroker } from '../../broker/src/index.ts'
import {
  type Issuer,
  issuerOf,
  issuingCertificate,
  leafCertificate,
  newKey,
  publicKeyOf,
  signingKeyOf,
} from '../../provisioning/src/authority/certificates.ts'
import { readFolder } from '../../provisioning/src/authority/folder.ts'

/*
 * What the utility's CA issues, and what others might make of it, at the broker's door.
 */
const GATEWAY = gatewayIdFrom(new Uint8Array(16).fill(3))
const DAY_MS = 86_400_000
let folder: string
let authority: Authority
let broker: Broker

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wattfleet-chains-'))
  authority = await createAuthority(join(folder, 'ca'))
  const identity = await issueServerCertificate(authority, { commonName: 'broker' })
  broker = await startBroker({ ...identity, port: 0 })
})
afterEach(async () => {
  await broker.stop()
  rmSync(folder, { recursive: true })
})

describe('the broker lets in', () => {
  const leafOf = async (issuer: Issuer, chain: string, fromMs = Date.now(), days = 90) => {
    const key = newKey()
    const request = { commonName: GATEWAY, unit: 'gateway', usage: 'client', validDays: days } as const
    const leaf = await leafCertificate(issuer, { ...request, publicKey: publicKeyOf(key) }, fromMs)
    const cert = `${leaf.toString('pem')}\n${chain}`
    return { key, leaf, cert, keyPem: String(key.export({ format: 'pem', type: 'pkcs8' })) }
  }
  const issuingOf = async (dir: string) => {
    const { issuing } = readFolder(dir, Date.now())
    return issuerOf(issuing.certificate.raw, issuing.key)
  }
  const pemOf = ({ certificate }: Issuer) => `${certificate.toString('pem')}\n`

  it.each<[string, boolean, () => Promise<{ cert: string; keyPem: string }>]>([
    ['the whole chain', true, async () => leafOf(await own(), pemOf(await own()))],
    ['a leaf without its issuing CA', false, async () => leafOf(await own(), '')],
    ['one that is over', false, async () => leafOf(await own(), pemOf(await own()), Date.now() - 91 * DAY_MS)],
    ['one that begins tomorrow', false, async () => leafOf(await own(), pemOf(await own()), Date.now() + DAY_MS)],
    ['the chain of another root', false, async () => leafOf(await foreign(), pemOf(await foreign()))],
    [
      'a leaf of another root with our issuing CA after it',
      false,
      async () => leafOf(await foreign(), pemOf(await own())),
    ],
    [
      'what a gateway signed with its own certificate',
      false,
      async () => {
        const { leaf, key, cert } = await leafOf(await own(), pemOf(await own()))
        return leafOf({ certificate: leaf, key: await signingKeyOf(key) }, cert)
      },
    ],
    [
      'what a CA signed that our issuing CA would have signed',
      false,
      async () => {
        const key = newKey()
        const spki = publicKeyOf(key)
        const below = await issuingCertificate(await own(), [{ CN: ['below'] }], spki, 90, Date.now())
        return leafOf(
          { certificate: below, key: await signingKeyOf(key) },
          `${below.toString('pem')}\n${pemOf(await own())}`,
        )
      },
    ],
  ])('%s: %s', async (_name, isIn, make) => {
    const { cert, keyPem: key } = await make()
    const client = connect(`mqtts://127.0.0.1:${broker.port}`, {
      ...{
        clientId: GATEWAY,
        ca: authority.caPem,
        cert,
        key,
        protocolVersion: 4,
        reconnectPeriod: 0,
      },
    })
    client.on('error', () => undefined)
    const end = await new Promise<boolean>((resolve) => {
      client.once('connect', () => resolve(true))
      client.once('close', () => resolve(false))
    })
    client.end(true)
    expect(end).toBe(isIn)
    expect(broker.stats().refused.handshake).toBe(isIn ? 0 : 1)
  })

  const own = () => issuingOf(join(folder, 'ca'))
  async function foreign() {
    await createAuthority(join(folder, 'foreign'))
    return issuingOf(join(folder, 'foreign'))
  }
})
