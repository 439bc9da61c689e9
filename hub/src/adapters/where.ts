/** A WHERE clause of what is asked for; the conditions are code, the values are bound. */
export interface Conditions {
  /** Adds a condition; left out where a value that it needs is undefined. */
  and(condition: string, ...values: readonly (string | number | undefined)[]): Conditions
  readonly text: string
  readonly values: readonly (string | number)[]
}

export function conditions(): Conditions {
  const texts: string[] = []
  const bound: (string | number)[] = []
  const self: Conditions = {
    and(condition, ...values) {
      const given = values.filter((value) => value !== undefined)
      if (given.length === values.length) {
        texts.push(condition)
        bound.push(...given)
      }
      return self
    },
    get text() {
      return texts.length === 0 ? '' : `WHERE ${texts.join(' AND ')}`
    },
    get values() {
      return bound
    },
  }
  return self
}
