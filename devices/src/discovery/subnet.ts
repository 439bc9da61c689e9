/*
 * IPv4 subnets that an operator names. Pure: nothing here asks anything.
 */

/** A /22 has 1,022 addresses: the largest network that one household or one small plant is likely to have. */
export const WIDEST_PREFIX = 22
/** Beyond a /16 (65,534 addresses) a scan takes hours and reaches devices of others: never, whatever is said. */
export const WIDEST_PREFIX_CONFIRMED = 16

/** The addresses of a subnet, or why it is not scanned. */
export type Subnet =
  | { readonly ok: true; readonly hosts: readonly string[] }
  | { readonly ok: false; readonly why: string }

function numberOf(address: string): number | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(address)) return undefined
  const bytes = address.split('.').map(Number)
  return bytes.some((byte) => byte > 255) ? undefined : bytes.reduce((sum, byte) => sum * 256 + byte, 0)
}

const addressOf = (number: number) => [24, 16, 8, 0].map((bits) => (number >>> bits) & 0xff).join('.')

/**
 * The addresses in `a.b.c.d/n` that a device can have: without the network's own and the broadcast address where n is 30
 * or less. One that is larger than /22 is refused unless it was confirmed, one larger than /16 always.
 */
export function subnetHosts(text: string, isConfirmed: boolean): Subnet {
  const [address = '', bits, ...rest] = text.split('/')
  const number = numberOf(address)
  const isPrefix = bits !== undefined && /^\d{1,2}$/.test(bits) && Number(bits) <= 32
  if (number === undefined || !isPrefix || rest.length > 0) {
    return { ok: false, why: `${text}: expected an IPv4 subnet such as 192.168.1.0/24` }
  }
  const prefix = Number(bits)
  const size = 2 ** (32 - prefix)
  if (prefix < WIDEST_PREFIX_CONFIRMED) {
    return { ok: false, why: `${text} has ${size} addresses: name parts of it, at most /${WIDEST_PREFIX_CONFIRMED}` }
  }
  if (prefix < WIDEST_PREFIX && !isConfirmed) {
    const why = `${text} has ${size} addresses, more than a /${WIDEST_PREFIX}: name a smaller subnet, or add --yes`
    return { ok: false, why }
  }
  const first = number - (number % size)
  const edge = prefix <= 30 ? 1 : 0
  return { ok: true, hosts: Array.from({ length: size - 2 * edge }, (_, i) => addressOf(first + edge + i)) }
}
