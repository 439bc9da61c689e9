/** Small readers for JSON bodies: each yields undefined where the field is not what it should be. */
export type Body = Record<string, unknown>

export function natural(body: Body, name: string): number | undefined {
  const value = body[name]
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

export function hex(body: Body, name: string, length: number): string | undefined {
  const value = body[name]
  return typeof value === 'string' && value.length === length * 2 && /^[0-9a-f]*$/.test(value) ? value : undefined
}

/** Nano-currency travels as a decimal text: sums pass 2^53. */
export function nano(body: Body, name: string): bigint | undefined {
  const value = body[name]
  return typeof value === 'string' && /^\d{1,39}$/.test(value) ? BigInt(value) : undefined
}

export function oneOf<const T extends string>(body: Body, name: string, values: readonly T[]): T | undefined {
  const value = body[name]
  return values.find((known) => known === value)
}

/** The fields, if none of them is undefined. */
export function allOf<T extends Record<string, unknown>>(
  fields: T,
): { [K in keyof T]: Exclude<T[K], undefined> } | undefined {
  for (const value of Object.values(fields)) if (value === undefined) return undefined
  return fields as { [K in keyof T]: Exclude<T[K], undefined> }
}
