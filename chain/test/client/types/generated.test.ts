import { readFileSync } from 'node:fs'
import type { Reason } from '@wattfleet/protocol'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { compiledMetadata, GENERATED_PATH, generatedText } from '../../../generate-types.ts'
import type {
  CallArguments,
  ErrorName,
  EventData,
  RuntimeType,
  StorageKeys,
  Stored,
} from '../../../src/client/types/runtime.ts'

describe('the generated types', () => {
  it('are what the compiled runtime’s metadata gives (otherwise run npm run generate -w chain)', async () => {
    expect(readFileSync(GENERATED_PATH, 'utf8')).toBe(generatedText(await compiledMetadata()))
  })

  it('are types, field by field', () => {
    expectTypeOf<RuntimeType<'Reason'>>().toEqualTypeOf<Reason>()
    expectTypeOf<RuntimeType<'CommunityRules'>['feeMicro']>().toEqualTypeOf<readonly [number, number]>()
    expectTypeOf<RuntimeType<'Site'>['gateway']>().toEqualTypeOf<string | undefined>()
    expectTypeOf<EventData<'vault.Locked'>>().toEqualTypeOf<{ readonly account: string; readonly amount: bigint }>()
    expectTypeOf<CallArguments<'orderbook.submit'>['items'][number]['signature']>().toEqualTypeOf<string>()
    expectTypeOf<StorageKeys<'vault.references'>>().toEqualTypeOf<readonly [number, string]>()
    expectTypeOf<Stored<'vault.references'>>().toEqualTypeOf<bigint | undefined>()
    expectTypeOf<'registry.NotInRole'>().toExtend<ErrorName>()
  })
})
