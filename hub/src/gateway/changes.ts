import { monotonicMs } from '@wattfleet/protocol'
import type { ExchangeViews } from './ports.ts'

/** Whether the street changed since it was last asked, and how long ago, by real time. */
export interface Changes {
  /** True once after each change, or run of changes. */
  take(): boolean
  /** Says that what was taken was not shown after all. */
  putBack(): void
  unchangedForS(): number
  stop(): void
}

export function watchChanges(views: Pick<ExchangeViews, 'onChange'>, nowMs = monotonicMs): Changes {
  let changed = false
  let changedAtMs = nowMs()
  const stop = views.onChange(() => {
    changed = true
    changedAtMs = nowMs()
  })
  return {
    take() {
      const was = changed
      changed = false
      return was
    },
    putBack() {
      changed = true
    },
    unchangedForS: () => Math.floor((nowMs() - changedAtMs) / 1000),
    stop,
  }
}
