export const STALE_AFTER_S: number
export const LOST_AFTER_MS: number
export function retryAfterMs(attempt: number): number
export function connectionState(input: {
  connected: boolean
  hasData: boolean
  lastEventMs: number
  unchangedSinceMs: number
  nowMs: number
}): { key: 'connecting' | 'live' | 'stale' | 'lost'; label: string; detail: string }
