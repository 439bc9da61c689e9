import { describe, expect, it } from 'vitest'
import { connectionState, LOST_AFTER_MS, retryAfterMs, STALE_AFTER_S } from '../../../src/gateway/page/state.js'

const NOW = 1_000_000
const live = { connected: true, hasData: true, lastEventMs: NOW - 500, unchangedSinceMs: NOW - 2_000, nowMs: NOW }
const plain = (text: string): string => text.replaceAll('\u00a0', ' ')

describe('what the page says of its connection', () => {
  it.each([
    ['all well', {}, 'live', 'Updates by itself.'],
    ['quiet, but not long', { unchangedSinceMs: NOW - STALE_AFTER_S * 1000 + 1 }, 'live', 'Updates by itself.'],
    ['nothing new for long', { unchangedSinceMs: NOW - STALE_AFTER_S * 1000 }, 'stale', 'No data for 30 s.'],
    ['nothing new for hours', { unchangedSinceMs: NOW - 3 * 3_600_000 }, 'stale', 'No data for 3 h.'],
    ['cut', { connected: false }, 'lost', 'Trying again. Figures are 0 s old.'],
    ['silent', { lastEventMs: NOW - LOST_AFTER_MS - 1 }, 'lost', 'Trying again. Figures are 5 s old.'],
    ['not there yet', { connected: false, hasData: false }, 'connecting', 'No data yet.'],
    ['there, without figures', { hasData: false }, 'connecting', 'Waiting for the first figures.'],
  ])('%s', (_, change, key, detail) => {
    const state = connectionState({ ...live, ...change })
    expect([state.key, plain(state.detail)]).toEqual([key, detail])
  })

  it('tries again ever slower, up to a limit', () => {
    expect([0, 1, 2, 3, 4, 99].map(retryAfterMs)).toEqual([1_000, 2_000, 5_000, 10_000, 10_000, 10_000])
  })
})
