/** Groups of 16 bits in an IPv6 address, and in a network of it. */
const GROUPS = 8
const NETWORK_GROUPS = 4

/**
 * Whoever an address counts as: an IPv4 address as itself, also where it is written as IPv6 (RFC 4291, 2.5.5.2), any other
 * IPv6 address as its /64. That is the least that a site is given (RFC 6177), and every host of it has 2^64 addresses to
 * come from (RFC 7421).
 */
export function neighbourhoodOf(address: string): string {
  const [ip = '', zone] = address.split('%')
  const groups = groupsOf(ip)
  if (groups === undefined) return address
  const [high = 0, low = 0] = groups.slice(GROUPS - 2)
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.')
  }
  const network = groups.slice(0, NETWORK_GROUPS).map((group) => group.toString(16))
  return `${network.join(':')}::/64${zone === undefined ? '' : `%${zone}`}`
}

/** The eight groups of an IPv6 address (RFC 4291, 2.2); undefined where it is none. */
function groupsOf(ip: string): number[] | undefined {
  if (!ip.includes(':')) return undefined
  const [head = '', tail] = ip.split('::')
  const before = numbersIn(head)
  const after = numbersIn(tail ?? '')
  const zeros = Array.from({ length: GROUPS - before.length - after.length }, () => 0)
  const groups = tail === undefined ? before : [...before, ...zeros, ...after]
  return groups.length === GROUPS && groups.every((group) => group >= 0 && group <= 0xffff) ? groups : undefined
}

function numbersIn(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((part) => {
    if (!part.includes('.')) return [Number.parseInt(part, 16)]
    const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number)
    return [a * 256 + b, c * 256 + d]
  })
}
