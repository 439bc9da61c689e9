import { type Heard, type Presence, presenceAfter } from '@wattfleet/protocol'

/** Gateways followed by one hub process; more are served all the same, but not counted. */
const ROLL_LIMIT = 100_000

/** Who is there, by what gateways say and what the broker says when one has gone without a word. */
export interface Roll {
  hear(wire: string, heard: Heard): void
  counts(): RollCounts
}

export interface RollCounts {
  readonly present: number
  readonly away: number
}

/** Begins empty with the process: the statuses of the first minute fill it. A stale death changes nothing. */
export function createRoll(): Roll {
  const presences = new Map<string, Presence>()
  let away = 0
  return {
    hear(wire, heard) {
      const known = presences.get(wire)
      if (known === undefined && presences.size >= ROLL_LIMIT) return
      const now = presenceAfter(known, heard)
      presences.set(wire, now)
      away += Number(now.isGone) - Number(known?.isGone ?? false)
    },
    counts: () => ({ present: presences.size - away, away }),
  }
}
