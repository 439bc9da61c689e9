import { type SignedMessage, sameBytes } from '@wattfleet/protocol'

/*
 * The commitment to the energy messages that a slot was settled by:
 *   leaf = H(0x00 ‖ bytes ‖ signature), node = H(0x01 ‖ left ‖ right); a node without a neighbour moves up unchanged.
 * The two prefixes keep a node from being shown as a leaf (RFC 6962, section 2.1). Each message carries 16 bytes of salt,
 * so that small figures cannot be guessed from the tree.
 */

/** SHA-256 over the parts put together. */
export type Hash = (...parts: readonly Uint8Array[]) => Uint8Array

/** One energy message to commit to, with what decides its place. */
export interface Leaf {
  /** The gateway's key, hex. */
  readonly gateway: string
  readonly sequence: number
  readonly signed: SignedMessage
}

/** A neighbour on the way up, and on which side it stands. */
export interface ProofStep {
  readonly side: 'left' | 'right'
  readonly hash: Uint8Array
}

const LEAF = Uint8Array.of(0)
const NODE = Uint8Array.of(1)

export function leafHash(signed: SignedMessage, hash: Hash): Uint8Array {
  return hash(LEAF, signed.bytes, signed.signature)
}

/** Leaves in their places: by gateway key, then sequence. */
function sorted(leaves: readonly Leaf[]): Leaf[] {
  return [...leaves].sort((a, b) =>
    a.gateway === b.gateway ? a.sequence - b.sequence : a.gateway < b.gateway ? -1 : 1,
  )
}

function parents(level: readonly Uint8Array[], hash: Hash): Uint8Array[] {
  const up: Uint8Array[] = []
  for (let at = 0; at < level.length; at += 2) {
    const left = level[at]
    const right = level[at + 1]
    if (left !== undefined) up.push(right === undefined ? left : hash(NODE, left, right))
  }
  return up
}

/** The root, 32 bytes; zeros where there is nothing to commit to. However the leaves are listed, the root is the same. */
export function merkleRoot(leaves: readonly Leaf[], hash: Hash): Uint8Array {
  let level = sorted(leaves).map((leaf) => leafHash(leaf.signed, hash))
  while (level.length > 1) level = parents(level, hash)
  return level[0] ?? new Uint8Array(32)
}

/** The way from one message up to the root, or undefined where the message is not among the leaves. */
export function inclusionProof(leaves: readonly Leaf[], of: SignedMessage, hash: Hash): ProofStep[] | undefined {
  let level = sorted(leaves).map((leaf) => leafHash(leaf.signed, hash))
  const wanted = leafHash(of, hash)
  let at = level.findIndex((candidate) => sameBytes(candidate, wanted))
  if (at < 0) return undefined
  const steps: ProofStep[] = []
  while (level.length > 1) {
    const neighbour = level[at ^ 1]
    if (neighbour !== undefined) steps.push({ side: at % 2 === 0 ? 'right' : 'left', hash: neighbour })
    level = parents(level, hash)
    at >>= 1
  }
  return steps
}

/** Whether this message is one that the root commits to. */
export function isIncluded(of: SignedMessage, proof: readonly ProofStep[], root: Uint8Array, hash: Hash): boolean {
  const top = proof.reduce(
    (below, step) => (step.side === 'right' ? hash(NODE, below, step.hash) : hash(NODE, step.hash, below)),
    leafHash(of, hash),
  )
  return sameBytes(top, root)
}
