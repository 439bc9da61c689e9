import { pause } from '@wattfleet/protocol'
import type { StreetOptions } from './options.ts'
import { renderStreet, renderTotals, type StreetNow } from './screen.ts'
import type { Terminal } from './terminal.ts'
import type { Ledger, Totals } from './totals.ts'

/** How often the live table is drawn, of the wall. */
const DRAW_MS = 1_000
/** How often it is looked whether the sums have caught up. */
const CATCH_UP_MS = 100
/** Where output is not a terminal: a line whenever totals have changed, at most this often. */
const LINE_MS = 5_000

interface Parts {
  readonly options: StreetOptions
  readonly terminal: Terminal
  readonly ledger: Ledger
  /** Whether the ledger has summed what was there when this run began. */
  readonly isCaughtUp: () => boolean
  readonly event: (text: string) => void
  readonly signal: AbortSignal
}

/** The street as the hub tells it; undefined while the hub cannot be asked. */
async function streetNow({ host, httpPort }: StreetOptions, signal: AbortSignal): Promise<StreetNow | undefined> {
  try {
    const answer = await fetch(`http://${host}:${httpPort}/v1/street`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(DRAW_MS)]),
    })
    return answer.ok ? ((await answer.json()) as StreetNow) : undefined
  } catch {
    return undefined
  }
}

const MILESTONES: readonly [key: keyof Totals, text: string][] = [
  ['orders', 'first order is on the chain'],
  ['trades', 'first trade'],
  ['settled', 'first trade is settled'],
]

/** Says each milestone once, then shows the street: as a live table on a terminal, as plain lines elsewhere. */
export async function showStreet({ options, terminal, ledger, isCaughtUp, event, signal }: Parts): Promise<void> {
  while (!isCaughtUp() && !signal.aborted) await pause(CATCH_UP_MS, signal)
  const begun = ledger.totals()
  const waiting = MILESTONES.filter(([key]) => Number(begun[key]) === 0)
  let [said, saidMs] = ['', 0]
  while (!signal.aborted) {
    const totals = ledger.totals()
    while (waiting[0] !== undefined && Number(totals[waiting[0][0]]) > 0) event(waiting.shift()?.[1] ?? '')
    if (terminal.isLive) {
      const now = await streetNow(options, signal)
      const lines = now === undefined ? ['the hub does not answer'] : renderStreet(now, totals, terminal.width)
      terminal.draw(['', ...lines])
    } else {
      const line = renderTotals(totals, '€')
      if (line !== said && Date.now() - saidMs >= LINE_MS) {
        event(line)
        said = line
        saidMs = Date.now()
      }
    }
    await pause(DRAW_MS, signal)
  }
}
