import { spawn } from 'node:child_process'
import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { Fault, isSignedRelease, messageOf, type SignedRelease, VERSION } from '@wattfleet/protocol'
import { sha256Of } from './sha256-of.ts'

/*
 * <root>/releases/<version>/   what the archive of that version holds
 * <root>/current               symbolic link to one of them, replaced by a rename: always one or the other
 * <root>/update.json           the update that is under way (update.ts)
 *
 * Names that begin with a dot are drafts, and may be removed at any time.
 */

/** The version that `current` names; undefined where there is no such link yet. */
export function currentVersion(root: string): string | undefined {
  try {
    return basename(readlinkSync(join(root, 'current')))
  } catch {
    return undefined
  }
}

/** Points `current` at a version, durably. */
export function switchTo(root: string, version: string): void {
  const draft = join(root, '.current')
  rmSync(draft, { force: true })
  symlinkSync(join('releases', version), draft)
  renameSync(draft, join(root, 'current'))
  syncFolder(root)
}

/**
 * Unpacks an archive into the folder of its version, after it was copied to where only the updater may write and held
 * against size, hash and signature there. Throws Fault `protocol` where it is not what the utility signed, or no archive.
 */
export async function unpack(
  root: string,
  archive: string,
  release: SignedRelease,
  utilityKey: Uint8Array,
): Promise<void> {
  const { version, size, sha256 } = release
  if (!isSignedRelease(release, utilityKey)) throw new Fault('protocol', 'the release is not signed by the utility')
  const releases = join(root, 'releases')
  mkdirSync(releases, { recursive: true })
  const [copy, draft, place] = [`.${version}.tgz`, `.${version}`, version].map((name) => join(releases, name)) as [
    string,
    string,
    string,
  ]
  try {
    rmSync(draft, { recursive: true, force: true })
    copyFileSync(archive, copy)
    if (statSync(copy).size !== size || (await sha256Of(copy)) !== sha256) {
      throw new Fault('protocol', 'the archive is not the one that the utility signed')
    }
    mkdirSync(draft)
    // GNU tar takes leading slashes away and refuses names with '..' (tar manual, 6.10.2)
    // without its set-user-id bits, which root would keep: whoever signs a release may run programs as the agent, not as root
    const asOurs = ['--no-same-owner', '--no-same-permissions']
    await run(['tar', '--extract', '--gzip', '--file', copy, '--directory', draft, ...asOurs])
    await run(['sync', '--file-system', draft])
    rmSync(place, { recursive: true, force: true })
    renameSync(draft, place)
    syncFolder(releases)
  } finally {
    rmSync(copy, { force: true })
    rmSync(draft, { recursive: true, force: true })
  }
}

/** Removes every version but these: a card is small. */
export function prune(root: string, keep: readonly (string | undefined)[]): void {
  const releases = join(root, 'releases')
  for (const name of existsSync(releases) ? readdirSync(releases) : []) {
    if (!keep.includes(name) && (VERSION.test(name) || name.startsWith('.'))) {
      rmSync(join(releases, name), { recursive: true, force: true })
    }
  }
}

/** Runs a program to its end. Throws Fault `protocol` with what it said where that is not 0. */
export function run([program = '', ...args]: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      if (said.length < 1_000) said += chunk.toString('utf8')
    })
    child.once('error', (error) => reject(new Fault('protocol', `${program}: ${messageOf(error)}`)))
    child.once('exit', (code, signal) => {
      if (code === 0) resolve()
      else reject(new Fault('protocol', `${program} ended with ${signal ?? code}: ${said.trim()}`))
    })
  })
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
