/** What a field of a JSON body is, and values that it must never be taken for. */
export type FieldKind = 'natural' | 'hex32' | 'nano' | 'side' | 'state' | 'meter' | 'truth'

const NOT_EVEN_CLOSE: readonly unknown[] = [undefined, null, [], {}, [0], Number.NaN]

const BAD: Readonly<Record<FieldKind, readonly unknown[]>> = {
  natural: [-1, 0.5, 2 ** 53, Number.POSITIVE_INFINITY, '1', '', true],
  hex32: ['', 'ab'.repeat(31), 'ab'.repeat(33), 'AB'.repeat(32), `0x${'ab'.repeat(31)}`, 'zz'.repeat(32), 7, true],
  nano: ['', '-1', '+1', '1.5', '1e3', '0x1', ' 1', '1\n', '٣', '1'.repeat(40), 5, true],
  side: ['', 'Bid', 'buy', 0, true],
  state: ['', 'open', 'Filled', 0, true],
  meter: ['', 'bad', 'estimated', 1, true],
  truth: ['true', 'false', 0, 1],
}

/** One row per field and bad value: the body with only that field wrong. */
export function badRows(
  body: Record<string, unknown>,
  kinds: Readonly<Record<string, FieldKind>>,
): readonly { field: string; value: unknown; bad: Record<string, unknown> }[] {
  return Object.entries(kinds).flatMap(([field, kind]) =>
    [...NOT_EVEN_CLOSE, ...BAD[kind]].map((value) => ({ field, value, bad: { ...body, [field]: value } })),
  )
}
