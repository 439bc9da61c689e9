import { Fault } from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import { exceptionFault } from '../../src/core/faults.ts'
import { retryAfterMs } from '../../src/core/retry.ts'

const line = (code: 'timeout' | 'transport' | 'protocol') => new Fault(code, 'x', { retryable: true })
const exception = (code: number) => exceptionFault(code, 'x')

describe('a request that failed', () => {
  it.each<[string, unknown, (number | undefined)[]]>([
    ['for silence', line('timeout'), [undefined]],
    ['for a bad frame', line('protocol'), [0, undefined]],
    ['for a connection that was lost', line('transport'), [0, undefined]],
    ['for an illegal function', exception(1), [undefined]],
    ['for an illegal address', exception(2), [undefined]],
    ['for an illegal value', exception(3), [undefined]],
    ['for a failure of the device', exception(4), [0, undefined]],
    ['because the device is busy', exception(6), [100, 100, 100, undefined]],
    ['because a gateway did not reach it', exception(11), [undefined]],
    ['by a fault of our own', new Error('bug'), [undefined]],
  ])('%s is said again after %j', (_, fault, waits) => {
    expect(waits.map((_wait, i) => retryAfterMs(fault, i + 1))).toEqual(waits)
  })
})
