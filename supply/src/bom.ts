import { type Crate, cratesOf } from './cargo.ts'

/** As much of CycloneDX 1.5 (ECMA-424) as is read and written here. */
export interface Bom {
  readonly bomFormat: 'CycloneDX'
  readonly specVersion: string
  readonly metadata: { readonly component: Component }
  readonly components: readonly Component[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[]
}

export interface Component {
  readonly 'bom-ref': string
  readonly type: string
  readonly name: string
  readonly version: string
  readonly purl?: string
  readonly scope?: string
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[]
}

/**
 * The bill of what npm installs with the crates of these Cargo.lock files added: those that the runtime and the node are
 * built from. npm names the root after the folder it lies in: `name` puts that right.
 */
export function withCrates(npm: Bom, locks: readonly string[], name: string): Bom {
  const root = npm.metadata.component['bom-ref']
  const components = new Map<string, Component>()
  const dependencies = new Map<string, Set<string>>()
  const own = new Set<string>()
  for (const crates of locks.map(cratesOf)) {
    const resolve = resolver(crates)
    for (const crate of crates) {
      const ref = refOf(crate)
      if (crate.source === undefined) own.add(ref)
      components.set(ref, componentOf(crate))
      // the same crate may need more for the one than for the other
      const needs = dependencies.get(ref) ?? new Set()
      for (const text of crate.dependencies) needs.add(resolve(text))
      dependencies.set(ref, needs)
    }
  }
  return {
    ...npm,
    metadata: { ...npm.metadata, component: { ...npm.metadata.component, name } },
    components: [...npm.components, ...components.values()],
    dependencies: [
      ...npm.dependencies.map((entry) =>
        entry.ref === root ? { ...entry, dependsOn: [...(entry.dependsOn ?? []), ...own] } : entry,
      ),
      ...[...dependencies].map(([ref, needs]) => ({ ref, dependsOn: [...needs] })),
    ],
  }
}

/** Package URL; one from a Git repository says which commit, for its version alone does not tell it from the registry's. */
function refOf({ name, version, source }: Crate): string {
  const git = source?.startsWith('git+') ? `?vcs_url=${encodeURIComponent(source)}` : ''
  return `pkg:cargo/${name}@${version}${git}`
}

function componentOf(crate: Crate): Component {
  const ref = refOf(crate)
  return {
    ...{ 'bom-ref': ref, type: 'library', name: crate.name, version: crate.version, scope: 'required', purl: ref },
    ...(crate.checksum !== undefined && { hashes: [{ alg: 'SHA-256', content: crate.checksum }] }),
  }
}

function resolver(crates: readonly Crate[]): (text: string) => string {
  return (text) => {
    const [name, version, source] = text.split(' ')
    const found = crates.find(
      (one) =>
        one.name === name &&
        (version === undefined || one.version === version) &&
        (source === undefined || one.source === source.slice(1, -1)),
    )
    if (found === undefined) throw new Error(`Cargo.lock names ${text} and does not have it`)
    return refOf(found)
  }
}
