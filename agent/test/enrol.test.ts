import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  claimText,
  type EnrolmentGrant,
  type EnrolmentRequest,
  enrolmentProof,
  fromHex,
  gatewayIdFrom,
  manualClock,
  sha256,
  toHex,
  verifySignature,
  wallClock,
} from '@wattfleet/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { enrolmentClient } from '../src/adapters/enrolment-client.ts'
import { stateFiles } from '../src/adapters/state-files.ts'
import { enrol } from '../src/enrol.ts'
import type { StateFiles } from '../src/ports.ts'
import { p256, type TestCa, testCa } from './support/certificates.ts'
import { grant, memoryLog } from './support/fixtures.ts'
import { keyInside } from './support/utility.ts'

type Answer = { readonly status: number; readonly body: unknown }

const fingerprintOf = (pem: string) => toHex(sha256(new X509Certificate(pem).raw))

describe('enrol', () => {
  let claim: string
  let name: string
  let ca: TestCa
  let server: Server
  let folder: string
  let asked: EnrolmentRequest[]
  /** What the service shows as its CA. */
  let shown: string
  let answer: (request: EnrolmentRequest) => Answer

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'enrol-'))
    ca = testCa()
    asked = []
    shown = ca.certificatePem
    claim = 'ab'.repeat(32)
    name = gatewayIdFrom(new Uint8Array(16).fill(3))
    answer = (request) => ({ status: 200, body: granted(request) })
    const { publicKey, keyPem } = p256()
    server = createServer(
      { cert: ca.issue('utility', publicKey, { serves: true }), key: keyPem },
      (request, response) => {
        if (request.url === '/v1/ca') return void response.end(shown)
        let text = ''
        request.on('data', (chunk) => {
          text += chunk
        })
        request.on('end', () => {
          const body = JSON.parse(text) as EnrolmentRequest
          asked.push(body)
          const { status, body: said } = answer(body)
          response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(said))
        })
      },
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    writeClaim(ca.certificatePem)
  })

  afterEach(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    rmSync(folder, { recursive: true })
  })

  function granted(request: EnrolmentRequest): EnrolmentGrant {
    const certificatePem = ca.issue(name, keyInside(request.csrPem))
    return grant({ gateway: name, certificatePem, caPem: ca.certificatePem })
  }

  function writeClaim(caPem: string): void {
    const { port } = server.address() as AddressInfo
    writeFileSync(join(folder, 'claim.json'), JSON.stringify({ url: `https://127.0.0.1:${port}`, caPem, claim }))
  }

  function go(
    signal = new AbortController().signal,
    transport = wallClock(),
    files = stateFiles(join(folder, 'state')),
  ) {
    const log = memoryLog()
    const given = { claimPath: join(folder, 'claim.json'), serial: () => 'pi-1' }
    const parts = { ...given, service: enrolmentClient, transport, random: () => 0, log }
    return { log, enrolled: enrol({ ...parts, files }, signal) }
  }

  it('makes its keys, proves both, and keeps what it was granted for its owner alone', async () => {
    const enrolled = await go().enrolled
    const [request] = asked as [EnrolmentRequest]
    expect(request.claim).toBe(claim)
    const signingKey = fromHex(request.signingKey, 32) as Uint8Array
    const proof = fromHex(request.proof, 64) as Uint8Array
    expect(verifySignature(signingKey, enrolmentProof(claim, 'pi-1'), proof)).toBe(true)
    expect(request.serial).toBe('pi-1')
    expect(enrolled?.key.publicKey).toEqual(signingKey)
    expect(enrolled?.grant.gateway).toBe(gatewayIdFrom(new Uint8Array(16).fill(3)))
    for (const name of ['keys.json', 'grant.json']) {
      expect(statSync(join(folder, 'state', name)).mode & 0o777).toBe(0o600)
    }
  })

  it('enrols once: a stored grant is enough, the claim may be gone', async () => {
    const first = await go().enrolled
    rmSync(join(folder, 'claim.json'))
    const again = await go().enrolled
    expect(asked).toHaveLength(1)
    expect(again?.grant).toEqual(first?.grant)
    expect(again?.tlsKeyPem).toBe(first?.tlsKeyPem)
  })

  it('asks again with the same keys when the answer was lost', async () => {
    answer = () => ({ status: 409, body: { error: 'claim-used', message: 'by another key' } })
    await expect(go().enrolled).rejects.toMatchObject({ code: 'enrolment', retryable: false })
    answer = (request) => ({ status: 200, body: granted(request) })
    await go().enrolled
    const [first, second] = asked as [EnrolmentRequest, EnrolmentRequest]
    expect(second.signingKey).toBe(first.signingKey)
    expect(keyInside(second.csrPem).equals(keyInside(first.csrPem))).toBe(true)
  })

  describe('given another claim', () => {
    const other = 'cd'.repeat(32)
    const state = () => stateFiles(join(folder, 'state'))
    const outbox = ['outbox.sqlite', 'outbox.sqlite-wal', 'outbox.sqlite-shm']
    const kept = () => outbox.filter((name) => state().read(name) !== undefined)
    /** The gateway has enrolled once, and its household's orders lie in its outbox. */
    async function enrolledBefore() {
      const first = await go().enrolled
      for (const name of outbox) state().write(name, 'what a household has traded')
      claim = other
      writeClaim(ca.certificatePem)
      return first
    }

    it('enrols anew with other keys, and keeps what is of the same household', async () => {
      const first = await enrolledBefore()
      const again = await go().enrolled
      expect(asked.map((request) => request.claim)).toEqual(['ab'.repeat(32), other])
      expect(again?.key.publicKey).not.toEqual(first?.key.publicKey)
      expect(again?.tlsKeyPem).not.toBe(first?.tlsKeyPem)
      expect(kept()).toEqual(outbox)
      // and not once more
      await go().enrolled
      expect(asked).toHaveLength(2)
    })

    it('of another household, has nothing of the former one any more', async () => {
      await enrolledBefore()
      name = gatewayIdFrom(new Uint8Array(16).fill(4))
      const { enrolled, log } = go()
      expect((await enrolled)?.grant.gateway).toBe(name)
      expect(kept()).toEqual([])
      expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(2)
    })

    it.each(Array.from({ length: 9 }, (_, at) => at))(
      'ends the same when it loses its power at step %i',
      async (at) => {
        await enrolledBefore()
        name = gatewayIdFrom(new Uint8Array(16).fill(4))
        await expect(go(undefined, undefined, dyingAt(state(), at)).enrolled).rejects.toThrow('no power')
        // whatever is shown or sent now is of one household
        const grantNow = state().read('grant.json')
        if (grantNow?.includes(name)) expect(kept()).toEqual([])
        expect((await go().enrolled)?.grant.gateway).toBe(name)
        expect(kept()).toEqual([])
        expect(state().read('former.json')).toBeUndefined()
        // with the keys that it asked with, however often
        expect(new Set(asked.slice(1).map(({ signingKey }) => signingKey)).size).toBe(1)
      },
    )

    it('that cannot be read, goes on as it was and says so', async () => {
      const first = await enrolledBefore()
      writeFileSync(join(folder, 'claim.json'), '{"claim":')
      const { enrolled, log } = go()
      expect((await enrolled)?.grant).toEqual(first?.grant)
      expect(log.lines[0]).toMatchObject({ level: 'warn', message: 'the claim is of no use' })
    })

    it('before it kept which one it came by, takes the one that is there for it', async () => {
      await go().enrolled
      state().remove('claimed.json')
      await go().enrolled
      claim = other
      writeClaim(ca.certificatePem)
      await go().enrolled
      expect(asked).toHaveLength(2)
    })
  })

  it('shows a refusal as the utility worded it', async () => {
    answer = () => ({ status: 403, body: { error: 'unknown-claim', message: 'no such claim' } })
    await expect(go().enrolled).rejects.toThrow(
      'the utility refused to enrol this gateway: unknown-claim: no such claim',
    )
  })

  it('comes back, after a while, when the utility says later', async () => {
    const clock = manualClock(0)
    answer = (request) =>
      asked.length < 3
        ? { status: 503, body: { error: 'chain-unavailable', message: 'starting' } }
        : { status: 200, body: granted(request) }
    const { enrolled, log } = go(undefined, clock)
    let done = false
    void enrolled.then(() => {
      done = true
    })
    while (!done) {
      await clock.advance(1_000)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(asked).toHaveLength(3)
    expect(log.lines.filter((line) => line.level === 'warn').map((line) => line.fields)).toMatchObject([
      { waitMs: 500 },
      { waitMs: 1_000 },
    ])
  })

  it('trusts no server that its claim does not vouch for, and stops when asked', async () => {
    writeClaim(testCa('Another CA').certificatePem)
    const controller = new AbortController()
    const { enrolled, log } = go(controller.signal)
    while (log.lines.length === 0) await new Promise((resolve) => setImmediate(resolve))
    expect(log.lines[0]).toMatchObject({ level: 'warn', message: 'not enrolled yet' })
    controller.abort()
    expect(await enrolled).toBeUndefined()
    expect(asked).toEqual([])
  })

  it.each([
    { name: 'a grant that lacks a field', change: { hubKey: undefined }, error: 'hubKey' },
    {
      name: 'a certificate for another name',
      change: { gateway: gatewayIdFrom(new Uint8Array(16)) },
      error: 'names CN=',
    },
  ])('does not store $name', async ({ change, error }) => {
    answer = (request) => ({ status: 200, body: { ...granted(request), ...change } })
    await expect(go().enrolled).rejects.toThrow(error)
    expect(stateFiles(join(folder, 'state')).read('grant.json')).toBeUndefined()
  })

  it('does not store a certificate for another key', async () => {
    answer = () => {
      const gateway = gatewayIdFrom(new Uint8Array(16).fill(3))
      const certificatePem = ca.issue(gateway, p256().publicKey)
      return { status: 200, body: grant({ gateway, certificatePem, caPem: ca.certificatePem }) }
    }
    await expect(go().enrolled).rejects.toThrow('not for the key of this gateway')
  })

  describe('with the line of a label', () => {
    function writeLine(caFingerprint: string): void {
      const { port } = server.address() as AddressInfo
      const line = claimText({ url: `https://127.0.0.1:${port}`, caFingerprint, claim })
      writeFileSync(join(folder, 'claim.json'), `${line}\n`)
    }

    it('asks the service for its CA and enrols under the one on the label', async () => {
      shown = `${testCa('The next CA').certificatePem}\n${ca.certificatePem}`
      writeLine(fingerprintOf(ca.certificatePem))
      expect((await go().enrolled)?.grant.gateway).toBe(gatewayIdFrom(new Uint8Array(16).fill(3)))
      expect(asked.map((request) => request.claim)).toEqual([claim])
    })

    it.each([
      ['another CA', () => testCa('Another CA').certificatePem],
      ['a page of a guest network', () => '<html>Welcome!</html>'],
      ['a broken certificate', () => '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'],
      // the right one, shown by whoever holds no certificate of it
      ['the CA of the label, under which it has none itself', () => elsewhere.certificatePem],
    ])('tells nothing to who shows %s', async (_, show) => {
      shown = show()
      writeLine(fingerprintOf(elsewhere.certificatePem))
      const controller = new AbortController()
      const { enrolled, log } = go(controller.signal)
      while (log.lines.length === 0) await new Promise((resolve) => setImmediate(resolve))
      expect(log.lines[0]).toMatchObject({ level: 'warn', message: 'not enrolled yet' })
      controller.abort()
      expect(await enrolled).toBeUndefined()
      expect(asked).toEqual([])
    })
    const elsewhere = testCa('The CA of the label')

    it('says what is wrong with it', async () => {
      writeFileSync(join(folder, 'claim.json'), 'wattfleet:1;https://x;a;b')
      await expect(go().enrolled).rejects.toThrow(/claim\.json: expected a fingerprint of 43 letters/)
    })
  })

  it('says what is wrong with a claim', async () => {
    writeFileSync(join(folder, 'claim.json'), JSON.stringify({ url: 'http://x', caPem: '', claim: 'zz' }))
    await expect(go().enrolled).rejects.toThrow(/claim\.json: url: expected https.*caPem.*claim: expected 32 bytes/s)
  })
})

/** Files of a computer that loses its power before the n-th change of them. */
function dyingAt(files: StateFiles, at: number): StateFiles {
  let steps = 0
  const change = <T extends unknown[]>(work: (...given: T) => void) => {
    return (...given: T) => {
      if (steps++ >= at) throw new Error('no power')
      work(...given)
    }
  }
  return { read: files.read, write: change(files.write), remove: change(files.remove) }
}
