import { describe } from 'vitest'
import { memoryChain } from './fixtures/memory-registrar.ts'
import { registrarContract } from './fixtures/registrar-contract.ts'

describe('the registrar in memory', () => registrarContract(async () => memoryChain(), 1))
