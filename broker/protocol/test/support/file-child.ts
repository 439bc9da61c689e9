import { writeFileAtomic } from '../../src/files.ts'

/*
 * <path> forever            replaces the file over and over, by a block of one letter, until it is killed
 * <path> once <bytes>       replaces it once by that many bytes; says `written` or the error's code
 */
const [path = '', mode = '', size = ''] = process.argv.slice(2)

const BLOCK_BYTES = 300_000

if (mode === 'forever') {
  for (let i = 0; ; i++) writeFileAtomic(path, String.fromCharCode(97 + (i % 26)).repeat(BLOCK_BYTES))
} else if (mode === 'once') {
  try {
    writeFileAtomic(path, 'n'.repeat(Number(size)))
    process.stdout.write('written')
  } catch (error) {
    process.stdout.write(String((error as NodeJS.ErrnoException).code))
  }
}
