import type { ApiPromise } from '@polkadot/api'
import type { SubmittableExtrinsic } from '@polkadot/api/types'
import type { Event, MetadataLatest } from '@polkadot/types/interfaces'
import type { Codec, Registry } from '@polkadot/types/types'
import { Fault } from '@wattfleet/protocol'
import { describe } from './describe.ts'
import { fieldsFit, fits, type Sides, type Use } from './fits.ts'
import { CALLS, type ERRORS, EVENTS, STORAGE, TYPES } from './generated.ts'
import { decode, decodeFields, encodableFields } from './plain.ts'
import { SELECTION } from './selection.ts'
import type { Description, Fields, Plain, PlainFields, PlainNamed, Shape } from './shape.ts'

/* Calls, events and storage of a node's runtime, by the types that this program was generated for. */

export type CallName = keyof typeof CALLS
export type EventName = keyof typeof EVENTS
export type StorageName = keyof typeof STORAGE

// each written out once, so that the type checker does not follow every type into every other
type Named = { readonly [N in keyof typeof TYPES]: PlainNamed<(typeof TYPES)[N], Named> }
type AllArguments = { readonly [N in CallName]: PlainFields<(typeof CALLS)[N], Named> }
type AllData = { readonly [N in EventName]: PlainFields<(typeof EVENTS)[N], Named> }
type AllKeys = { readonly [N in StorageName]: Plain<(typeof STORAGE)[N]['keys'], Named> }
type AllStored = { readonly [N in StorageName]: Plain<(typeof STORAGE)[N]['value'], Named> }

export type RuntimeType<N extends keyof typeof TYPES> = Named[N]
export type CallArguments<N extends CallName> = AllArguments[N]
export type EventData<N extends EventName> = AllData[N]
export type StorageKeys<N extends StorageName> = AllKeys[N]
export type Stored<N extends StorageName> = AllStored[N]
/** `registry.NotInRole`, as a call that failed says why. */
export type ErrorName = { [P in keyof typeof ERRORS]: `${P}.${(typeof ERRORS)[P][number]}` }[keyof typeof ERRORS]

/** One call with its arguments, each by its name. */
export type RuntimeCall = { [N in CallName]: { readonly name: N; readonly with: CallArguments<N> } }[CallName]
/** One event of the exchange's pallets. */
export type RuntimeEvent = { [N in EventName]: { readonly name: N; readonly data: EventData<N> } }[EventName]

interface Runtime {
  readonly found: Description
  /** What was found to fit already. */
  readonly fitting: Set<string>
}

/**
 * One for each metadata that this process has met: blocks before an upgrade are read by the runtime that made them. Not by
 * registry: the API gives its own another metadata when the runtime is upgraded.
 */
const runtimes = new WeakMap<MetadataLatest, Runtime>()

function runtimeOf(registry: Registry): Runtime {
  const { metadata } = registry
  const known = runtimes.get(metadata)
  if (known !== undefined) return known
  const runtime = { found: describe(metadata, SELECTION), fitting: new Set<string>() }
  runtimes.set(metadata, runtime)
  return runtime
}

function requireFit({ found, fitting }: Runtime, use: Use, name: string, compare: (sides: Sides) => boolean): void {
  const key = `${use} ${name}`
  if (fitting.has(key)) return
  if (!compare({ known: TYPES, found: found.types })) {
    throw new Fault('chain', `the runtime's ${name} is another than this program was made for`)
  }
  fitting.add(key)
}

/** The extrinsic of a call, unsigned. Throws Fault `chain` where the runtime does not have it, or as something else. */
export function extrinsicOf(api: ApiPromise, call: RuntimeCall): SubmittableExtrinsic<'promise'> {
  const runtime = runtimeOf(api.registry)
  const [pallet = '', method = ''] = call.name.split('.')
  const fields = runtime.found.calls[call.name]
  const build = api.tx[pallet]?.[method]
  if (fields === undefined || build === undefined) throw new Fault('chain', `the runtime has no call ${call.name}`)
  requireFit(runtime, 'write', call.name, (sides) => fieldsFit(CALLS[call.name], fields, sides, 'write'))
  return build(...encodableFields(fields, call.with, runtime.found.types))
}

/** The event in plain JavaScript; undefined where it is of other pallets. Throws Fault `chain` where it is not as known. */
export function eventOf(event: Event): RuntimeEvent | undefined {
  const name = `${event.section}.${event.method}`
  const known = (EVENTS as Readonly<Record<string, Fields>>)[name]
  const runtime = runtimeOf(event.registry)
  const fields = runtime.found.events[name]
  if (fields === undefined) return undefined
  if (known === undefined) throw new Fault('chain', `the runtime's event ${name} is unknown to this program`)
  requireFit(runtime, 'read', name, (sides) => fieldsFit(known, fields, sides, 'read'))
  return { name, data: decodeFields(fields, event.data, runtime.found.types) } as unknown as RuntimeEvent
}

/** The API at some block, as far as storage goes. */
type StorageApi = Pick<ApiPromise, 'query' | 'registry'> | Awaited<ReturnType<ApiPromise['at']>>

function storageEntry<N extends StorageName>(api: StorageApi, name: N) {
  const [pallet = '', item = ''] = name.split('.')
  const runtime = runtimeOf(api.registry)
  const found = runtime.found.storage[name]
  const entry = api.query[pallet]?.[item]
  if (found === undefined || entry === undefined) throw new Fault('chain', `the runtime has no storage ${name}`)
  const known = STORAGE[name]
  requireFit(runtime, 'read', name, (sides) => {
    return fits(known.keys, found.keys, sides, 'write') && fits(known.value, found.value, sides, 'read')
  })
  return { runtime, found, entry }
}

/** What one storage item holds. Throws Fault `chain` where the runtime has no such item, or as something else. */
export async function readStorage<N extends StorageName>(
  api: StorageApi,
  name: N,
  keys: StorageKeys<N>,
): Promise<Stored<N>> {
  const { runtime, found, entry } = storageEntry(api, name)
  const { types } = runtime.found
  const value = await entry(...encodableFields(found.keys as unknown as Fields, keys as object, types))
  return decode(found.value, value, types) as Stored<N>
}

/** All entries of a map with one key. */
export async function readEntries<N extends StorageName>(
  api: StorageApi,
  name: N,
): Promise<readonly (readonly [keys: StorageKeys<N>, value: NonNullable<Stored<N>>])[]> {
  const { runtime, found, entry } = storageEntry(api, name)
  const { types } = runtime.found
  const entries = await entry.entries()
  return entries.map(([key, value]) => {
    const keys = decode(found.keys as Shape, key.args as unknown as Codec, types)
    return [keys as StorageKeys<N>, decode(found.value, value, types) as NonNullable<Stored<N>>]
  })
}
