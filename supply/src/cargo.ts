/** A crate as Cargo.lock has it. */
export interface Crate {
  readonly name: string
  readonly version: string
  /** Where it comes from; absent for this project's own. */
  readonly source?: string
  /** SHA-256 of the package, hex; only of those from a registry. */
  readonly checksum?: string
  /** `name`, `name version` or `name version (source)`: as much as tells it from others. */
  readonly dependencies: readonly string[]
}

/** Reads a Cargo.lock: tables of texts and lists of texts, which is all of TOML that Cargo writes there. */
export function cratesOf(lock: string): Crate[] {
  return lock
    .split(/^\[\[package\]\]$/m)
    .slice(1)
    .map((block) => {
      const field = (name: string) => new RegExp(`^${name} = "(.*)"$`, 'm').exec(block)?.[1]
      const [source, checksum] = [field('source'), field('checksum')]
      const list = /^dependencies = \[\n([^\]]*)\]$/m.exec(block)?.[1] ?? ''
      const [name, version] = [field('name'), field('version')]
      if (name === undefined || version === undefined) throw new Error(`a package without a name or version:${block}`)
      return {
        ...{ name, version, dependencies: [...list.matchAll(/"(.*)"/g)].map(([, text = '']) => text) },
        ...(source !== undefined && { source }),
        ...(checksum !== undefined && { checksum }),
      }
    })
}
