import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { admission } from './cases/admission.ts'
import type { Cases } from './cases/case.ts'
import { delivery } from './cases/delivery.ts'
import { limits } from './cases/limits.ts'
import { topics } from './cases/topics.ts'
import type { Engine } from './engine.ts'
import { openScene, type Scene } from './scene.ts'
import { expected } from './table.ts'

/** Every case, in this order; the last end the broker and start it again. */
export const CASES: Cases = { ...admission, ...topics, ...limits, ...delivery }

/**
 * Holds a running engine against the table: an outcome that the table does not have fails, and so does a difference of
 * the table that the engine no longer shows.
 */
export function acceptance(engine: Engine): void {
  const missing = engine.missing()
  const required = process.env.CI !== undefined || process.env.WATTFLEET_REQUIRE_INTEROP !== undefined
  if (missing !== undefined && required) return void it(`has ${engine.name}`, () => expect.fail(missing))
  if (missing !== undefined) process.stderr.write(`skipped: no ${missing}\n`)

  describe.skipIf(missing !== undefined)(`${engine.name}, by its generated configuration`, () => {
    let scene: Scene
    beforeAll(async () => {
      scene = await openScene(engine)
    })
    afterEach(() => scene.clear())
    afterAll(() => scene?.close())

    it.each(Object.entries(CASES))('%s', async (name, ask) => {
      expect(await ask(scene)).toBe(expected(name, engine.name))
    })
  })
}
