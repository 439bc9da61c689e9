/** Quantities as people read them: pure functions, text out. A no-break space holds figure and unit together. */

const SPACE = '\u00a0'
/** What stands where nothing is known: not a zero. */
export const UNKNOWN = '–'

/** Wh as Wh below one kWh, else as kWh with two places. */
export function formatEnergy(energyWh) {
  if (energyWh === null) return UNKNOWN
  if (energyWh < 1000) return `${energyWh}${SPACE}Wh`
  return `${grouped((energyWh / 1000).toFixed(2))}${SPACE}kWh`
}

/** W as W below one kW, else as kW with two places. */
export function formatPower(powerW) {
  if (powerW === null) return UNKNOWN
  if (powerW < 1000) return `${powerW}${SPACE}W`
  return `${grouped((powerW / 1000).toFixed(2))}${SPACE}kW`
}

/** Micro-currency per kWh: cent where the currency is the euro, whole currency elsewhere. */
export function formatRate(rateMicro, currency) {
  if (rateMicro === null) return UNKNOWN
  if (currency === '€') return `${trimmed((rateMicro / 10_000).toFixed(4), 1)}${SPACE}ct/kWh`
  return `${trimmed((rateMicro / 1_000_000).toFixed(6), 2)}${SPACE}${currency}/kWh`
}

/** Nano-currency (decimal text) with this many places, rounded half away from zero on the exact figure. */
export function formatMoney(nano, currency, places = 2) {
  const value = BigInt(nano)
  const step = 10n ** BigInt(9 - places)
  const size = value < 0n ? -value : value
  const rounded = (size + step / 2n) / step
  const sign = value < 0n && rounded > 0n ? '−' : ''
  return `${sign}${decimal(rounded, places)}${SPACE}${currency}`
}

/** Nano-currency (decimal text) to the last nano, with at least two places. */
export function formatMoneyExactly(nano, currency) {
  const value = BigInt(nano)
  const size = value < 0n ? -value : value
  return `${value < 0n ? '−' : ''}${trimmed(decimal(size, 9), 2)}${SPACE}${currency}`
}

/** Unix seconds as time of day, UTC: 10:15. */
export function formatTime(unixS) {
  return new Date(unixS * 1000).toISOString().slice(11, 16)
}

/** Unix seconds as time of day to the second, UTC: 10:15:30. */
export function formatClock(unixS) {
  return new Date(unixS * 1000).toISOString().slice(11, 19)
}

/** Unix seconds as date, UTC: 2026-06-21. */
export function formatDate(unixS) {
  return new Date(unixS * 1000).toISOString().slice(0, 10)
}

export function formatSlot(startsAt, endsAt) {
  return endsAt === null ? `from ${formatTime(startsAt)}` : `${formatTime(startsAt)}–${formatTime(endsAt)}`
}

/** A span of seconds in the largest unit that fits. */
export function formatAge(seconds) {
  if (seconds < 120) return `${seconds}${SPACE}s`
  if (seconds < 7200) return `${Math.floor(seconds / 60)}${SPACE}min`
  return `${Math.floor(seconds / 3600)}${SPACE}h`
}

/** Enough of an id to tell it from its neighbours. */
export function shortId(hex) {
  return hex.length <= 10 ? hex : `${hex.slice(0, 4)}…${hex.slice(-4)}`
}

/** A count with the noun that agrees with it. */
export function counted(count, one, many) {
  return `${grouped(String(count))} ${count === 1 ? one : many}`
}

function decimal(units, places) {
  const text = units.toString().padStart(places + 1, '0')
  const cut = text.length - places
  return places === 0 ? grouped(text) : `${grouped(text.slice(0, cut))}.${text.slice(cut)}`
}

/** Without trailing zeros beyond `least` places. */
function trimmed(text, least) {
  const [whole, fraction = ''] = text.split('.')
  const kept = fraction.replace(/0+$/, '').padEnd(least, '0')
  return kept === '' ? whole : `${whole}.${kept}`
}

/** Thousands apart by a thin no-break space (ISO 80000-1, 7.3.1). */
function grouped(text) {
  const [whole, fraction] = text.split('.')
  const spaced = whole.replace(/\B(?=(\d{3})+$)/g, '\u202f')
  return fraction === undefined ? spaced : `${spaced}.${fraction}`
}
