import { type Fields, isOneOf, type NamedShape, type Shape, unwrapped } from './shape.ts'

type NamedShapes = Readonly<Record<string, NamedShape>>

/** The two sides of a comparison: what this program was written for, and what a node's runtime has. */
export interface Sides {
  readonly known: NamedShapes
  readonly found: NamedShapes
}

/**
 * Whether a program that knows one shape can read or write another. A reader passes over fields that it does not know. A
 * writer must know all of them, for nothing would stand where they belong, and its variants must exist. Which variants a
 * reader meets shows only when it meets them.
 */
export type Use = 'read' | 'write'

export function fits(
  known: Shape,
  found: Shape,
  sides: Sides,
  use: Use,
  seen: ReadonlySet<string> = new Set(),
): boolean {
  const [knownWrap, foundWrap] = [unwrapped(known), unwrapped(found)]
  if (knownWrap !== undefined || foundWrap !== undefined) {
    return knownWrap?.wrap === foundWrap?.wrap && fits(knownWrap?.of ?? '', foundWrap?.of ?? '', sides, use, seen)
  }
  if (typeof known !== 'string' || typeof found !== 'string') {
    if (!Array.isArray(known) || !Array.isArray(found) || known.length !== found.length) return false
    return known.every((part, at) => fits(part, found[at], sides, use, seen))
  }
  const [knownType, foundType] = [sides.known[known], sides.found[found]]
  if (knownType === undefined || foundType === undefined) return known === found && knownType === foundType
  // a type that holds itself is being compared already
  const pair = `${known} ${found}`
  return seen.has(pair) || namedFits(knownType, foundType, sides, use, new Set([...seen, pair]))
}

export function fieldsFit(known: Fields, found: Fields, sides: Sides, use: Use, seen?: ReadonlySet<string>): boolean {
  const names = Object.keys(known)
  if (use === 'write' && Object.keys(found).some((name) => !(name in known))) return false
  return names.every((name) => name in found && fits(known[name] as Shape, found[name] as Shape, sides, use, seen))
}

function namedFits(known: NamedShape, found: NamedShape, sides: Sides, use: Use, seen: ReadonlySet<string>): boolean {
  if (Array.isArray(known) || Array.isArray(found)) {
    if (!Array.isArray(known) || !Array.isArray(found)) return false
    return use === 'read' || known.every((variant) => found.includes(variant))
  }
  if (isOneOf(known) || isOneOf(found)) {
    if (!isOneOf(known) || !isOneOf(found)) return false
    const variants = Object.keys(known.oneOf).filter((variant) => use === 'write' || variant in found.oneOf)
    return variants.every((variant) => {
      const fields = found.oneOf[variant]
      return fields !== undefined && fieldsFit(known.oneOf[variant] as Fields, fields, sides, use, seen)
    })
  }
  return fieldsFit(known as Fields, found as Fields, sides, use, seen)
}
