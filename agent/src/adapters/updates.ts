import { createWriteStream, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { rootCertificates } from 'node:tls'
import {
  Fault,
  messageOf,
  PRIVATE_MODE,
  parseAnswer,
  parseObject,
  type SignedRelease,
  writeFileAtomic,
} from '@wattfleet/protocol'
import type { Updates } from '../ports.ts'
import { archiveName, REQUEST, RESULT } from '../updater/hand-over.ts'
import { sha256Of } from '../updater/sha256-of.ts'
import { stateFiles } from './state-files.ts'

/** No byte for so long: the line is dead. */
const SILENCE_MS = 60_000

/**
 * Keeps archives in `folder`, where the updater finds them. The server is believed under the public roots or the utility's
 * own CA, as the grant in force names it; what it sends only by the release's hash.
 */
export function openUpdates(folder: string, caPem: () => string): Updates {
  const files = stateFiles(folder)
  return {
    async fetch(release, signal) {
      const path = join(folder, archiveName(release))
      if (existsSync(path)) return
      const draft = `${path}.part`
      guarded(draft, () => {
        mkdirSync(folder, { recursive: true, mode: 0o700 })
        // one archive at a time: what was fetched for an update that was given up makes room
        for (const name of readdirSync(folder)) if (/\.tgz(\.part)?$/.test(name)) rmSync(join(folder, name))
      })
      try {
        await download(release, draft, [...rootCertificates, caPem()], signal)
        await check(release, draft)
        guarded(draft, () => renameSync(draft, path))
      } catch (error) {
        rmSync(draft, { force: true })
        throw error
      }
    },
    request(counter, release) {
      const text = `${JSON.stringify({ counter, release }, null, 2)}\n`
      // what answered a request of before must not answer this one
      files.remove(RESULT)
      guarded(REQUEST, () => writeFileAtomic(join(folder, REQUEST), text, PRIVATE_MODE))
    },
    result: () => parseAnswer(parseObject(files.read(RESULT) ?? '')),
  }
}

async function download(release: SignedRelease, path: string, ca: string[], signal: AbortSignal): Promise<void> {
  const lost = (error: unknown) =>
    new Fault('transport', `${release.url}: ${messageOf(error)}`, { cause: error, retryable: true })
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    const request = httpsRequest(release.url, { ca, signal, timeout: SILENCE_MS, agent: false }, resolve)
    request.on('timeout', () => request.destroy(new Error(`silent for ${SILENCE_MS} ms`)))
    request.on('error', (error) => reject(lost(error)))
    request.end()
  })
  if (response.statusCode !== 200) {
    response.destroy()
    throw lost(`the server answered ${response.statusCode}`)
  }
  let size = 0
  const bounded = async function* (source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      size += chunk.length
      if (size > release.size) throw new Fault('protocol', `${release.url}: is longer than ${release.size} bytes`)
      yield chunk
    }
  }
  try {
    await pipeline(response, bounded, createWriteStream(path, { mode: PRIVATE_MODE, flush: true }), { signal })
  } catch (error) {
    if (error instanceof Fault) throw error
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOSPC' || code === 'EDQUOT') throw new Fault('store', `${path}: ${messageOf(error)}`)
    throw lost(error)
  }
}

async function check(release: SignedRelease, path: string): Promise<void> {
  const { size } = statSync(path)
  // a connection that was cut looks like an end: asking again may help
  if (size < release.size) {
    throw new Fault('transport', `${release.url}: got ${size} of ${release.size} bytes`, { retryable: true })
  }
  const hash = await sha256Of(path)
  if (hash !== release.sha256) throw new Fault('protocol', `${release.url}: its SHA-256 is ${hash}`)
}

function guarded<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw new Fault('store', `${path}: ${messageOf(error)}`, { cause: error })
  }
}
