import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ConfigSchema, checkConfig, readConfig } from '../src/config.ts'
import { Fault } from '../src/fault.ts'
import { type PortConfig, portSchema } from './support/port-schema.ts'

/** What a call throws. */
function faultOf(call: () => unknown): Fault {
  try {
    call()
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
  return expect.fail('nothing was thrown')
}

/** A schema that answers always the same. */
const saying = <T>(result: ReturnType<ConfigSchema<T>['~standard']['validate']>): ConfigSchema<T> => ({
  '~standard': { validate: () => result },
})

describe('checkConfig', () => {
  it('yields what the schema made of the value, defaults included', () => {
    expect(checkConfig({ port: 80, tls: { cert: 'a.pem' } }, portSchema, 'x')).toEqual<PortConfig>({
      port: 80,
      host: '127.0.0.1',
      tls: { cert: 'a.pem' },
    })
  })

  it('names source, path and expectation', () => {
    const fault = faultOf(() => checkConfig({ port: 'x', tls: { cert: 'a.pem' } }, portSchema, 'hub.json'))
    expect(fault).toMatchObject({ code: 'config', retryable: false })
    expect(fault.message).toBe('hub.json: port: expected a port, got "x"')
  })

  it('names several mistakes at once, one per line', () => {
    const value = { port: 99_999, host: 7, tls: { cert: '' }, prot: 80 }
    expect(faultOf(() => checkConfig(value, portSchema, 'hub.json')).message.split('\n')).toEqual([
      'hub.json: port: expected a port, got 99999',
      'hub.json: host: expected a text, got 7',
      'hub.json: tls.cert: expected a path, got ""',
      'hub.json: prot: unknown field',
    ])
  })

  it('speaks of the whole file where a mistake has no path', () => {
    expect(faultOf(() => checkConfig([], portSchema, 'hub.json')).message).toBe(
      'hub.json: (the whole file): expected an object',
    )
    const pathless = saying({ issues: [{ message: 'one' }, { message: 'two', path: [] }] })
    expect(faultOf(() => checkConfig({}, pathless, 's')).message).toBe(
      's: (the whole file): one\ns: (the whole file): two',
    )
  })

  it('reads both forms of a path segment, and indexes', () => {
    const schema = saying({ issues: [{ message: 'no', path: ['houses', 3, { key: 'meter' }, { key: 0 }] }] })
    expect(faultOf(() => checkConfig({}, schema, 's')).message).toBe('s: houses.3.meter.0: no')
  })

  it('does not wait for a schema that is not synchronous', () => {
    const schema = saying(Promise.resolve({ value: 1 }))
    expect(faultOf(() => checkConfig({}, schema, 's')).code).toBe('internal')
  })
})

describe('readConfig', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'wattfleet-config-'))
  })
  afterEach(() => {
    rmSync(folder, { recursive: true })
  })
  const file = (content: string | Uint8Array): string => {
    const path = join(folder, 'hub.json')
    writeFileSync(path, content)
    return path
  }

  it('reads a file that follows the schema', () => {
    expect(readConfig(file('{"port":1,"tls":{"cert":"a"}}'), portSchema).port).toBe(1)
  })

  it('names the file that is missing', () => {
    const path = join(folder, 'missing.json')
    const fault = faultOf(() => readConfig(path, portSchema))
    expect(fault).toMatchObject({ code: 'config', cause: { code: 'ENOENT' } })
    expect(fault.message.startsWith(`${path}: cannot be read: ENOENT`)).toBe(true)
  })

  it('names a folder that is no file', () => {
    const fault = faultOf(() => readConfig(folder, portSchema))
    expect(fault.code).toBe('config')
    expect(fault.message.startsWith(`${folder}: cannot be read: EISDIR`)).toBe(true)
  })

  it.each(['', '{', '{"port":1,}', 'port: 1', Uint8Array.of(0xff, 0xfe)])('says that %j is not JSON', (content) => {
    const path = file(content)
    const fault = faultOf(() => readConfig(path, portSchema))
    expect(fault.code).toBe('config')
    expect(fault.message.startsWith(`${path}: is not JSON: `)).toBe(true)
    expect(fault.cause).toBeInstanceOf(SyntaxError)
  })

  it('names the file in what the schema finds', () => {
    const path = file('{"port":1}')
    expect(faultOf(() => readConfig(path, portSchema)).message).toBe(
      `${path}: tls.cert: expected a path, got undefined`,
    )
  })
})
