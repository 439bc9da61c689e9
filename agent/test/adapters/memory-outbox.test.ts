import { memoryOutbox } from '../../src/adapters/memory-outbox.ts'
import { testSeal } from '../support/fixtures.ts'
import { outboxContract } from '../support/outbox-contract.ts'

outboxContract('memory', () => ({ outbox: memoryOutbox(testSeal(), 1), remove() {} }))
