import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LIFE_EVENTS, LIFE_STATES, type LifeEvent, type LifeState, mayTrade, stepOf } from '../src/core/life.ts'

const events = Object.keys(LIFE_EVENTS) as LifeEvent[]
const walk = fc.array(fc.constantFrom(...events), { maxLength: 30 })

/** Where these events lead, those that are refused left out; certified from the first activation until a revocation. */
function after(all: readonly LifeEvent[]) {
  let [state, isCertified, isClaimSpent]: [LifeState, boolean, boolean] = ['expected', false, false]
  const path: LifeState[] = [state]
  for (const event of all) {
    const step = stepOf({ state, isCertified, isClaimSpent }, event)
    if (!step.ok) continue
    if (event === 'activate') isCertified = isClaimSpent = true
    if (event === 'revoke' || event === 'reissue' || event === 'replace') isCertified = false
    if (event === 'reissue') isClaimSpent = false
    state = step.state
    path.push(state)
  }
  return { state, isCertified, isClaimSpent, path }
}

describe('the life of a gateway', () => {
  it.each<[string, readonly LifeEvent[], LifeState]>([
    ['enrols', ['claim', 'activate'], 'active'],
    ['gives up half-way and begins again', ['claim', 'abandon', 'claim', 'activate'], 'active'],
    ['is stopped for a while', ['claim', 'activate', 'suspend', 'resume'], 'active'],
    ['is reset and comes back', ['claim', 'activate', 'revoke', 'reissue', 'claim', 'activate'], 'active'],
    ['is looked at and is well', ['claim', 'activate', 'conflict', 'release'], 'active'],
    ['is not released before it ever was active', ['claim', 'conflict', 'release'], 'quarantined'],
    ['is not revived', ['claim', 'activate', 'retire', 'reissue', 'claim', 'activate', 'resume'], 'retired'],
    ['was reset, and its new keys are approved', ['claim', 'activate', 'replace', 'activate'], 'active'],
    ['is not given up once its claim is spent', ['claim', 'activate', 'replace', 'abandon'], 'claimed'],
    ['goes to another household', ['claim', 'activate', 'transfer', 'reissue', 'claim'], 'retired'],
    ['does not activate without a claim', ['activate'], 'expected'],
    ['does not resume what was revoked', ['claim', 'activate', 'suspend', 'revoke', 'resume', 'release'], 'revoked'],
  ])('%s', (_, all, state) => {
    expect(after(all).state).toBe(state)
  })

  it('reaches every state, and from every state but the last its end', () => {
    const shortest = new Map<string, readonly LifeEvent[]>()
    let ahead: readonly (readonly LifeEvent[])[] = [[]]
    while (ahead.length > 0) {
      const fresh = ahead.filter((way) => {
        const { path: _, ...life } = after(way)
        const place = JSON.stringify(life)
        if (shortest.has(place)) return false
        shortest.set(place, way)
        expect(stepOf(life, 'retire').ok).toBe(life.state !== 'retired')
        return true
      })
      ahead = fresh.flatMap((way) => events.map((event) => [...way, event]))
    }
    const reached = new Set([...shortest.values()].map((way) => after(way).state))
    expect([...reached].sort()).toEqual([...LIFE_STATES].sort())
  })

  it('trades only with a certificate in force', () => {
    fc.assert(
      fc.property(walk, (all) => {
        const { state, isCertified } = after(all)
        if (mayTrade(state)) expect(isCertified).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it.each(events)('%s: says why not, and whether it is there already', (event) => {
    for (const state of LIFE_STATES) {
      const step = stepOf({ state, isCertified: true, isClaimSpent: false }, event)
      if (step.ok) expect(step.state).toBe(LIFE_EVENTS[event].to)
      else {
        expect(step.known).toBe(LIFE_EVENTS[event].to === state)
        expect(step.reason).toMatch(new RegExp(`^${event}: expected a gateway that is .*, it is ${state}$`))
      }
    }
  })
})
