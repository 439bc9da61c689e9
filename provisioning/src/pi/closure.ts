import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface InstalledPackage {
  /** Where it lies, and where it belongs below the folder that holds `node_modules`. */
  readonly from: string
  readonly to: string
}

/** Only the compiler needs it. */
const BUILD_ONLY = ['node-addon-api']

/** These packages and what they need at run time, as npm has laid them below `root`. Throws where one is missing. */
export function closureOf(root: string, names: readonly string[]): InstalledPackage[] {
  const found = new Map<string, InstalledPackage>()
  const visit = (name: string, from: string) => {
    if (BUILD_ONLY.includes(name)) return
    const at = lookUp(root, name, from)
    if (found.has(at)) return
    found.set(at, { from: at, to: at.slice(root.length + 1) })
    const { dependencies = {} } = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>
    }
    for (const dependency of Object.keys(dependencies)) visit(dependency, at)
  }
  for (const name of names) visit(name, realpathSync(root))
  return [...found.values()]
}

/** As Node looks for a package: in the `node_modules` of each folder on the way up. */
function lookUp(root: string, name: string, from: string): string {
  for (let folder = from; folder.startsWith(root); folder = dirname(folder)) {
    const at = join(folder, 'node_modules', name)
    if (existsSync(join(at, 'package.json'))) return at
  }
  throw new Error(`${name} is not installed below ${root}: npm ci`)
}
