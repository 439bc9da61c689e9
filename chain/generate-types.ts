import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Metadata, TypeRegistry } from '@polkadot/types'
import type { MetadataLatest } from '@polkadot/types/interfaces'
import { compactStripLength, hexToU8a, stringCamelCase, u8aToHex } from '@polkadot/util'
import { WASM_PATH } from './runtime-hash.ts'
import { describe } from './src/client/types/describe.ts'
import { SELECTION } from './src/client/types/selection.ts'
import type { Description, Fields, NamedShape, Shape } from './src/client/types/shape.ts'
import { isOneOf } from './src/client/types/shape.ts'
import { wasmExecutor } from './src/embedded/executor.ts'

/*
 * `npm run generate -w chain` writes src/client/types/generated.ts from the metadata of the compiled runtime: what calls
 * take, what events say, what storage holds, how calls may fail. Run it after every change of the runtime; the type
 * checker then points at what no longer fits.
 *
 * Neither of the existing generators is used. @polkadot/typegen augments the API's own interfaces: some 5,000 lines for
 * all pallets, whose values are still Codecs, so that each field is converted by hand after all. polkadot-api's writes
 * descriptors (metadata as base64, one checksum for each item, about 8,000 lines of types) for a client of its own, which
 * would stand beside the one ApiPromise. Here the output is one table of some hundred readable lines from which
 * TypeScript infers the types, and the same table tells at run time whether a node's runtime still fits.
 */

export const GENERATED_PATH = join(import.meta.dirname, 'src', 'client', 'types', 'generated.ts')

const METADATA_VERSION = 15
const LINE = 120

/** The metadata of the compiled runtime, asked of the runtime itself. Throws Fault `chain` where it has none of this version. */
export async function compiledMetadata(): Promise<MetadataLatest> {
  const executor = wasmExecutor()
  try {
    const code = `0x${readFileSync(WASM_PATH).toString('hex')}`
    const version = u8aToHex(Uint8Array.of(METADATA_VERSION, 0, 0, 0))
    const nothing = { get: () => undefined, nextKey: () => undefined }
    const { result } = await executor.call(code, [['Metadata_metadata_at_version', version]], nothing)
    // Some(Vec<u8>)
    const [, bytes] = compactStripLength(hexToU8a(result).subarray(1))
    const registry = new TypeRegistry()
    const metadata = new Metadata(registry, u8aToHex(bytes))
    registry.setMetadata(metadata)
    return metadata.asLatest
  } finally {
    await executor.stop()
  }
}

type Docs = ReadonlyMap<string, string>

/** The first paragraph, on one line. */
function textOf(docs: readonly { toString(): string }[]): string {
  const lines = docs.map((line) => line.toString().trim())
  const end = lines.indexOf('')
  return lines.slice(0, end < 0 ? undefined : end).join(' ')
}

/** The runtime's own documentation, by the names that the table uses. */
function docsOf({ pallets, lookup }: MetadataLatest): Docs {
  const docs = new Map<string, string>()
  for (const pallet of pallets) {
    const section = stringCamelCase(pallet.name)
    const items = pallet.storage.isSome ? pallet.storage.unwrap().items : []
    for (const item of items) docs.set(`${section}.${stringCamelCase(item.name)}`, textOf(item.docs))
    for (const constant of pallet.constants)
      docs.set(`${section}.${stringCamelCase(constant.name)}`, textOf(constant.docs))
    for (const part of [pallet.calls, pallet.events]) {
      if (part.isNone) continue
      for (const variant of lookup.getSiType(part.unwrap().type).def.asVariant.variants) {
        const name = part === pallet.calls ? stringCamelCase(variant.name) : variant.name.toString()
        docs.set(`${section}.${name}`, textOf(variant.docs))
      }
    }
  }
  return docs
}

const quoted = (text: string) => `'${text}'`
const key = (name: string) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name))

function shapeText(shape: Shape): string {
  if (typeof shape === 'string') return quoted(shape)
  if ('option' in shape) return `{ option: ${shapeText(shape.option)} }`
  if ('list' in shape) return `{ list: ${shapeText(shape.list)} }`
  return `[${shape.map(shapeText).join(', ')}]`
}

/** `name: value,` on one line where it fits, or its parts on a line each. */
function entry(
  indent: number,
  name: string,
  parts: readonly string[],
  [open, close]: readonly [string, string],
): string {
  const margin = ' '.repeat(indent)
  const pad = open === '{' ? ' ' : ''
  const line = `${margin}${name}: ${parts.length === 0 ? open + close : open + pad + parts.join(', ') + pad + close},`
  if (line.length <= LINE && !line.includes('\n')) return line
  const inner = parts.map((part) => (part.includes('\n') || part.startsWith(' ') ? part : `${margin}  ${part},`))
  return `${margin}${name}: ${open}\n${inner.join('\n')}\n${margin}${close},`
}

const fieldsText = (indent: number, name: string, fields: Fields) =>
  entry(
    indent,
    key(name),
    Object.entries(fields).map(([field, shape]) => `${key(field)}: ${shapeText(shape)}`),
    ['{', '}'],
  )

function namedText(name: string, named: NamedShape): string {
  if (Array.isArray(named)) return entry(2, key(name), named.map(quoted), ['[', ']'])
  if (!isOneOf(named)) return fieldsText(2, name, named as Fields)
  const variants = Object.entries(named.oneOf).map(([variant, fields]) => fieldsText(6, variant, fields))
  return `  ${key(name)}: {\n    oneOf: {\n${variants.join('\n')}\n    },\n  },`
}

/** A comment above an entry, broken where a line would be too long. */
function comment(text: string): string {
  const said = text.replaceAll('*/', '* /')
  if (said.length + '  /**  */'.length <= LINE) return `  /** ${said} */`
  const lines: string[] = ['']
  for (const word of said.split(' ')) {
    const last = lines.at(-1) as string
    if (last !== '' && '   * '.length + last.length + 1 + word.length > LINE) lines.push(word)
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`
  }
  return ['  /**', ...lines.map((line) => `   * ${line}`), '   */'].join('\n')
}

function table(name: string, docs: Docs, entries: readonly (readonly [string, string])[]): string {
  const lines = entries.flatMap(([item, text]) => {
    const said = docs.get(item)
    return said ? [comment(said), text] : [text]
  })
  const body = lines.length === 0 ? '{}' : `{\n${lines.join('\n')}\n}`
  return `export const ${name} = ${body} as const satisfies Description['${name.toLowerCase()}']\n`
}

/** The generated file's text. */
export function generatedText(metadata: MetadataLatest): string {
  const { types, calls, events, storage, constants, errors }: Description = describe(metadata, SELECTION)
  const docs = docsOf(metadata)
  const each = <T>(record: Readonly<Record<string, T>>, text: (name: string, value: T) => string) =>
    Object.entries(record).map(([name, value]) => [name, text(name, value)] as const)
  const fields = (name: string, value: Fields) => fieldsText(2, name, value)
  const byName = each(types, namedText).sort(([a], [b]) => (a < b ? -1 : 1))
  const stored = each(storage, (name, { keys, value }) =>
    entry(2, key(name), [`keys: ${shapeText(keys)}`, `value: ${shapeText(value)}`], ['{', '}']),
  )
  const constant = each(constants, (name, shape) => `  ${key(name)}: ${shapeText(shape)},`)
  const failures = each(errors, (name, list) => entry(2, key(name), list.map(quoted), ['[', ']']))
  return [
    "import type { Description } from './shape.ts'\n",
    '// Generated from the metadata of runtime/wattfleet_runtime.wasm by `npm run generate -w chain`. Do not edit.\n',
    table('TYPES', new Map(), byName),
    table('CALLS', docs, each(calls, fields)),
    table('EVENTS', docs, each(events, fields)),
    table('STORAGE', docs, stored),
    table('CONSTANTS', docs, constant),
    table('ERRORS', new Map(), failures),
  ].join('\n')
}

if (import.meta.main) writeFileSync(GENERATED_PATH, generatedText(await compiledMetadata()))
