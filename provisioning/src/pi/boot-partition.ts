import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Fault, messageOf, PRIVATE_MODE, writeFileAtomic } from '@wattfleet/protocol'

/** The FAT partition from which a Raspberry Pi starts, and which every computer can write to. */
export interface BootPartition {
  /** Puts a file into its root. Throws Fault `store` where it cannot. */
  write(name: string, content: string): void
}

/** What lies on every Raspberry Pi OS boot partition, so that a claim is not left in some other folder by mistake. */
const SIGNS = ['cmdline.txt', 'config.txt']
const SECTOR = 512
/** Partition types that are FAT (the master boot record's numbers). */
const FAT = [0x06, 0x0b, 0x0c, 0x0e]

/** A mounted one by its folder, or that of an image by the image's file. Throws Fault `config` where it is neither. */
export function bootPartition(path: string): BootPartition {
  if (!existsSync(path)) throw new Fault('config', `${path}: there is no such folder or image`)
  return statSync(path).isDirectory() ? mounted(path) : inImage(path)
}

function mounted(folder: string): BootPartition {
  if (!SIGNS.some((name) => existsSync(join(folder, name)))) {
    throw new Fault('config', `${folder}: expected a boot partition of Raspberry Pi OS, with ${SIGNS.join(' or ')}`)
  }
  return {
    write(name, content) {
      const path = join(folder, name)
      try {
        writeFileAtomic(path, content, PRIVATE_MODE)
      } catch (error) {
        throw new Fault('store', `${path}: cannot be written: ${messageOf(error)}`, { cause: error })
      }
    },
  }
}

function inImage(image: string): BootPartition {
  const drive = `${image}@@${firstPartition(image) * SECTOR}`
  const env = { ...process.env, MTOOLS_SKIP_CHECK: '1' }
  const run = (program: string, args: readonly string[], input = '') => {
    try {
      return execFileSync(program, args, { input, env, stdio: 'pipe', encoding: 'utf8' })
    } catch (error) {
      const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
      const why = isMissing ? `${program} is missing: install mtools` : messageOf(error)
      throw new Fault('store', `${image}: ${why}`, { cause: error })
    }
  }
  const names = run('mdir', ['-b', '-i', drive, '::/']).toLowerCase()
  if (!SIGNS.some((name) => names.includes(name))) {
    throw new Fault('config', `${image}: its first partition is not Raspberry Pi OS's: expected ${SIGNS.join(' or ')}`)
  }
  return { write: (name, content) => void run('mcopy', ['-D', 'o', '-i', drive, '-', `::${name}`], content) }
}

/** The sector at which the first partition of an image begins, from its master boot record. */
function firstPartition(image: string): number {
  const record = Buffer.alloc(SECTOR)
  const file = openSync(image, 'r')
  try {
    readSync(file, record, 0, SECTOR, 0)
  } finally {
    closeSync(file)
  }
  const isDisk = record.readUInt16LE(510) === 0xaa55 && FAT.includes(record.readUInt8(450))
  if (!isDisk) throw new Fault('config', `${image}: expected an image whose first partition is FAT`)
  return record.readUInt32LE(454)
}
