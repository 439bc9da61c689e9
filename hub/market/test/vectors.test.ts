import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromHex, type Side, type SignedMessage, toHex } from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import { feeBetween, matchPayAsBid } from '../src/match.ts'
import { inclusionProof, isIncluded, type Leaf, merkleRoot } from '../src/merkle.ts'
import { type SiteEnergy, settleSlot } from '../src/settle.ts'

/* The vectors that the chain's own tests read too: what is computed here is what the chain takes. */

function read<T>(name: string): T {
  const path = join(import.meta.dirname, '..', '..', '..', 'chain', 'vectors', `${name}.json`)
  return JSON.parse(readFileSync(path, 'utf8')) as T
}

const bytesOf = (hex: string): Uint8Array => fromHex(hex, hex.length / 2) ?? expect.fail(`${hex} is not hex`)

function hash(...parts: readonly Uint8Array[]): Uint8Array {
  const digest = createHash('sha256')
  for (const part of parts) digest.update(part)
  return Uint8Array.from(digest.digest())
}

interface MerkleVector {
  readonly root: string
  readonly messages: readonly {
    readonly gateway: string
    readonly sequence: number
    readonly bytes: string
    readonly signature: string
    readonly proof: readonly { readonly side: 'left' | 'right'; readonly hash: string }[]
  }[]
}

describe('the commitment to the energies of a slot', () => {
  it.each(read<MerkleVector[]>('merkle'))('has root $root', ({ root, messages }) => {
    const signedOf = (at: number): SignedMessage => {
      const message = messages[at] ?? expect.fail('there is such a message')
      return { bytes: bytesOf(message.bytes), signature: bytesOf(message.signature) }
    }
    const leaves: Leaf[] = messages.map(({ gateway, sequence }, at) => ({ gateway, sequence, signed: signedOf(at) }))
    expect(toHex(merkleRoot(leaves, hash))).toBe(root)
    messages.forEach(({ proof }, at) => {
      const steps = inclusionProof(leaves, signedOf(at), hash) ?? expect.fail('it is among the leaves')
      expect(steps.map((step) => ({ side: step.side, hash: toHex(step.hash) }))).toEqual(proof)
      expect(isIncluded(signedOf(at), steps, bytesOf(root), hash)).toBe(true)
    })
  })
})

interface MatchingVector {
  readonly name: string
  readonly feeMicro: readonly [number, number]
  readonly orders: readonly {
    readonly position: number
    readonly house: number
    readonly side: Side
    readonly energyWh: number
    readonly priceMicro: number
    readonly energyTypes: number
  }[]
  readonly matches: readonly {
    readonly bid: number
    readonly offer: number
    readonly energyWh: number
    readonly buyerRateMicro: number
    readonly sellerRateMicro: number
  }[]
}

describe('matching', () => {
  it.each(read<MatchingVector[]>('matching'))('$name', ({ feeMicro, orders, matches }) => {
    const idOf = (position: number) => String(position).padStart(6, '0')
    const book = orders.map(({ position, house, side, energyWh, priceMicro, energyTypes }) => ({
      id: idOf(position),
      side,
      member: String(house),
      zone: house % 2,
      priceMicro,
      remainingWh: energyWh,
      energyTypes,
      block: 1,
      index: position,
    }))
    const orderOf = (id: string) => book.find((order) => order.id === id) ?? expect.fail(`there is an order ${id}`)
    const pairs = matchPayAsBid(book, feeMicro).map(({ bid, offer, energyWh }) => {
      const buyerRateMicro = orderOf(bid).priceMicro
      const fee = feeBetween(orderOf(bid).zone, orderOf(offer).zone, feeMicro)
      return {
        bid: Number(bid),
        offer: Number(offer),
        energyWh,
        buyerRateMicro,
        sellerRateMicro: buyerRateMicro - fee,
      }
    })
    expect(pairs).toEqual(matches)
  })
})

interface SettlementVector {
  readonly name: string
  readonly trades: readonly {
    readonly trade: number
    readonly buyer: number
    readonly seller: number
    readonly energyWh: number
  }[]
  readonly energies: Readonly<Record<string, SiteEnergy>>
  readonly allocations: readonly { readonly trade: number; readonly allocatedWh: number }[]
  readonly sites: readonly { readonly house: number; readonly shortfallWh: number; readonly unusedWh: number }[]
}

describe('settlement', () => {
  it.each(read<SettlementVector[]>('settlement'))('$name', ({ trades, energies, allocations, sites }) => {
    const slotTrades = trades.map(({ trade, buyer, seller, energyWh }) => ({
      trade,
      buyerSite: String(buyer),
      sellerSite: String(seller),
      energyWh,
    }))
    const result = settleSlot(slotTrades, new Map(Object.entries(energies)))
    expect(result.allocations).toEqual(allocations)
    expect(result.sites.map(({ site, ...rest }) => ({ house: Number(site), ...rest }))).toEqual(sites)
  })
})
