import { Fault } from '@wattfleet/protocol'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { countRefusals, refusalOfBrokerError } from '../src/refusals.ts'

describe('countRefusals', () => {
  it('counts every refusal and writes only some of a flood to the log', () => {
    const lines: string[] = []
    const refusals = countRefusals(pino({}, { write: (line) => lines.push(line) }))
    for (let n = 0; n < 1_000; n++) refusals.refuse('publish-topic', 'somebody', 'may not publish to x')
    expect(refusals.counts['publish-topic']).toBe(1_000)
    expect(lines.length).toBeGreaterThanOrEqual(10)
    expect(lines.length).toBeLessThanOrEqual(20) // two seconds, if the loop crosses into the next
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ reason: 'publish-topic', who: 'somebody', count: 1 })
  })

  it('yields a fault that names the reason', () => {
    const fault = countRefusals(pino({ level: 'silent' })).refuse('will', 'somebody', 'not yours')
    expect(fault).toBeInstanceOf(Fault)
    expect(fault.message).toBe('will: not yours')
  })
})

describe('refusalOfBrokerError', () => {
  it.each([
    [new Error('keep alive timeout'), 'timeout'],
    [new Error('drain timeout'), 'drain'],
    [new Error('topic has too many levels'), 'topic-depth'],
    [new Error('Client queue limit reached'), 'before-login'],
    [new Error('Invalid protocol'), 'malformed'],
    [new Error('connection closed'), undefined],
    [Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }), undefined],
  ])('%s is %s', (error, refusal) => {
    expect(refusalOfBrokerError(error)).toBe(refusal)
  })
})
