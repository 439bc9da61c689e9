import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Compiler {
  /** The program of a C file beside this one; undefined where there is no compiler, or a library that it needs is not here. */
  program(source: string, ...libraries: readonly string[]): string | undefined
  remove(): void
}

/** Compiles into a temporary folder. */
export function compiler(): Compiler {
  const folder = mkdtempSync(join(tmpdir(), 'wattfleet-bench-'))
  return {
    program(source, ...libraries) {
      const program = join(folder, source.replace(/\.c$/, ''))
      try {
        execFileSync('cc', ['-O2', '-o', program, join(import.meta.dirname, source), ...libraries], { stdio: 'ignore' })
        return program
      } catch {
        return undefined
      }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
