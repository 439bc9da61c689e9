import type { ApiPromise } from '@polkadot/api'
import type { Codec } from '@polkadot/types/types'
import { Fault, invariant } from '@wattfleet/protocol'

/** Lower-case hex without 0x of whatever bytes a codec holds. */
export function hexOf(value: Codec | undefined): string {
  invariant(value !== undefined, 'the runtime has this field')
  return Buffer.from(value.toU8a(true)).toString('hex')
}

/** An unsigned integer of at most 53 bits. */
export function numberOf(value: Codec | undefined): number {
  const wide = bigintOf(value)
  invariant(wide <= BigInt(Number.MAX_SAFE_INTEGER), 'the figure fits a safe integer')
  return Number(wide)
}

export function bigintOf(value: Codec | undefined): bigint {
  invariant(value !== undefined, 'the runtime has this field')
  return BigInt(value.toString())
}

export function booleanOf(value: Codec | undefined): boolean {
  invariant(value !== undefined, 'the runtime has this field')
  return value.toPrimitive() === true
}

/** The variant's name of an enumeration, as the runtime spells it. */
export function variantOf(value: Codec | undefined): string {
  invariant(value !== undefined, 'the runtime has this field')
  return (value as Codec & { type: string }).type
}

/** `GateClosed` → `gate-closed` */
export function kebab(name: string): string {
  return name.replace(/(?<!^)([A-Z])/g, '-$1').toLowerCase()
}

/** A named field of a struct. Names are those of the runtime's source, as the API spells them. */
export function field(value: Codec | undefined, name: string): Codec {
  const found = (value as (Codec & Record<string, Codec | undefined>) | undefined)?.[name]
  if (found === undefined) throw new Fault('chain', `the runtime's metadata has no field ${name}`)
  return found
}

/** One storage item at a block; undefined where there is none. Throws Fault `chain` where the runtime has no such item. */
export async function stored(
  api: Pick<ApiPromise, 'query'> | Awaited<ReturnType<ApiPromise['at']>>,
  pallet: string,
  item: string,
  ...keys: readonly unknown[]
): Promise<Codec | undefined> {
  const entry = api.query[pallet]?.[item]
  if (entry === undefined) throw new Fault('chain', `the runtime has no storage ${pallet}.${item}`)
  const value = await entry(...keys)
  return value.isEmpty ? undefined : value
}
