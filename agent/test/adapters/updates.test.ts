import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type SignedRelease, signRelease } from '@wattfleet/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openUpdates } from '../../src/adapters/updates.ts'
import { p256, testCa } from '../support/certificates.ts'
import { UTILITY } from '../support/remote.ts'

const ARCHIVE = randomBytes(300_000)
const ca = testCa()
const signal = new AbortController().signal
let folder: string
let server: Server
let serve: Buffer
/** Ends the connection after so many bytes. */
let cutAt: number | undefined
let status: number
let asked: number

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'updates-'))
  ;[serve, cutAt, status, asked] = [ARCHIVE, undefined, 200, 0]
  const own = p256()
  const certificate = { cert: ca.issue('releases', own.publicKey, { serves: true }), key: own.keyPem }
  server = createServer(certificate, (_request, response) => {
    asked += 1
    response.writeHead(status)
    if (cutAt === undefined) response.end(serve)
    else response.write(serve.subarray(0, cutAt), () => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  rmSync(folder, { recursive: true })
})

const updates = (caPem = ca.certificatePem) => openUpdates(folder, () => caPem)
function release(changes: Partial<SignedRelease> = {}): SignedRelease {
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/a.tgz`
  const sha256 = createHash('sha256').update(ARCHIVE).digest('hex')
  return { ...signRelease({ version: '2.0.0', sha256, size: ARCHIVE.length, url }, UTILITY), ...changes }
}

describe('an archive that is fetched', () => {
  it('lies under its hash, once, in the place of one that was given up', async () => {
    writeFileSync(join(folder, `${'ab'.repeat(32)}.tgz`), 'of before')
    await updates().fetch(release(), signal)
    await updates().fetch(release(), signal)
    expect(readdirSync(folder)).toEqual([`${release().sha256}.tgz`])
    expect(readFileSync(join(folder, `${release().sha256}.tgz`)).equals(ARCHIVE)).toBe(true)
    expect(asked).toBe(1)
  })

  it.each([
    ['is other bytes', { bytes: randomBytes(ARCHIVE.length) }, 'protocol', false],
    ['is longer', { bytes: Buffer.concat([ARCHIVE, Buffer.of(0)]) }, 'protocol', false],
    ['is shorter', { bytes: ARCHIVE.subarray(1) }, 'transport', true],
    ['was cut', { cut: 100_000 }, 'transport', true],
    ['is an error', { answer: 404 }, 'transport', true],
    ['is a way to somewhere else', { answer: 302 }, 'transport', true],
  ] as const)(
    'that %s is none',
    async (_, { bytes, cut, answer }: { bytes?: Buffer; cut?: number; answer?: number }, code, retryable) => {
      ;[serve, cutAt, status] = [bytes ?? ARCHIVE, cut, answer ?? 200]
      await expect(updates().fetch(release(), signal)).rejects.toMatchObject({ code, retryable })
      expect(readdirSync(folder)).toEqual([])
    },
  )

  it('is not asked of a server that another CA vouches for', async () => {
    const stranger = updates(testCa().certificatePem)
    await expect(stranger.fetch(release(), signal)).rejects.toMatchObject({ code: 'transport' })
    expect(asked).toBe(0)
  })

  it('is given up when asked to stop', async () => {
    const controller = new AbortController()
    const fetching = updates().fetch(release(), controller.signal)
    controller.abort()
    await expect(fetching).rejects.toThrow()
  })
})

describe('the updater', () => {
  it('is asked and answers by files', () => {
    expect(updates().result()).toBeUndefined()
    updates().request(4, release())
    expect(JSON.parse(readFileSync(join(folder, 'request.json'), 'utf8'))).toEqual({ counter: 4, release: release() })
    writeFileSync(join(folder, 'result.json'), JSON.stringify({ counter: 4, is: 'rolled-back', reason: 'why' }))
    expect(updates().result()).toEqual({ counter: 4, is: 'rolled-back', reason: 'why' })
    writeFileSync(join(folder, 'result.json'), '{')
    expect(updates().result()).toBeUndefined()
  })
})
