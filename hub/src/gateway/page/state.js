import { formatAge } from './format.js'

/** Nothing changed for this long: the street stands still, or what feeds the hub does. */
export const STALE_AFTER_S = 30
/** The hub speaks every second; silent for this long, the connection is dead even if nobody said so. */
export const LOST_AFTER_MS = 5_000
/** Pauses between attempts to connect, the last one repeated. */
const RETRY_MS = [1_000, 2_000, 5_000, 10_000]

/** How long to wait before this attempt (from 0), so that a restarting hub is not stormed. */
export function retryAfterMs(attempt) {
  return RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)]
}

/** What to say of the connection and of how old the figures are. Times in milliseconds of one clock. */
export function connectionState({ connected, hasData, lastEventMs, unchangedSinceMs, nowMs }) {
  const silentMs = nowMs - lastEventMs
  if (!connected || silentMs > LOST_AFTER_MS) {
    if (!hasData) return { key: 'connecting', label: 'Connecting', detail: 'No data yet.' }
    return { key: 'lost', label: 'Connection lost', detail: `Trying again. Figures are ${ageOf(silentMs)} old.` }
  }
  if (!hasData) return { key: 'connecting', label: 'Connected', detail: 'Waiting for the first figures.' }
  const unchangedS = Math.floor((nowMs - unchangedSinceMs) / 1000)
  if (unchangedS >= STALE_AFTER_S) {
    return { key: 'stale', label: 'Connected, but nothing new', detail: `No data for ${formatAge(unchangedS)}.` }
  }
  return { key: 'live', label: 'Live', detail: 'Updates by itself.' }
}

function ageOf(ms) {
  return formatAge(Math.max(0, Math.floor(ms / 1000)))
}
