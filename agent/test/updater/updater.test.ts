import { existsSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { signingKeyFromSeed, toHex } from '@wattfleet/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { testGateway } from '../support/releases.ts'
import { UTILITY } from '../support/remote.ts'

let gateway: ReturnType<typeof testGateway>
beforeEach(() => {
  gateway = testGateway()
})
afterEach(() => gateway.close())

const current = () => readlinkSync(join(gateway.root, 'current'))
const releases = () => readdirSync(join(gateway.root, 'releases')).sort()
const isSwitched = () => current() === 'releases/2.0.0'
/** What is there while an update is under way, and not after it. */
const leftovers = () =>
  [join(gateway.root, 'update.json'), join(gateway.stateDir, 'updates/request.json')].filter(existsSync)

describe('the updater', () => {
  it('does nothing where nothing is asked for', async () => {
    expect(await gateway.run()).toBe(0)
    expect([current(), gateway.started(), gateway.result()]).toEqual(['releases/1.0.0', [], null])
  })

  it('installs what is well and stays so, and keeps the version before it', async () => {
    gateway.ask('2.0.0', 'well')
    expect(await gateway.run()).toBe(0)
    expect(gateway.result()).toEqual({ counter: 7, is: 'applied' })
    expect([current(), releases(), gateway.started()]).toEqual([
      'releases/2.0.0',
      ['1.0.0', '2.0.0'],
      ['releases/2.0.0'],
    ])
    expect(gateway.health()).toMatchObject({ version: '2.0.0' })
    gateway.ask('3.0.0', 'well')
    expect(await gateway.run()).toBe(0)
    expect([current(), releases(), leftovers()]).toEqual(['releases/3.0.0', ['2.0.0', '3.0.0'], []])
  })

  it.each([
    ['says nothing', 'silent', /not up within 4 s/],
    ['does not start', 'never-starts', /not up within 4 s/],
    ['dies soon after it was well', 'dies', /up within 4 s/],
  ] as const)('goes back from one that %s', async (_, manner, reason) => {
    gateway.configure({ deadlineS: 4 })
    gateway.ask('2.0.0', manner)
    expect(await gateway.run()).toBe(0)
    expect(gateway.result()).toEqual({ counter: 7, is: 'rolled-back', reason: expect.stringMatching(reason) })
    expect([current(), releases(), leftovers()]).toEqual(['releases/1.0.0', ['1.0.0'], []])
    expect(gateway.started()).toEqual(['releases/2.0.0', 'releases/1.0.0'])
  })

  it.each([
    ['signed by another key', {}, signingKeyFromSeed(new Uint8Array(32).fill(8)), /not signed/],
    ['with another hash than it has', { sha256: 'ab'.repeat(32) }, undefined, /not signed/],
    ['for another version than was signed', { version: '9.9.9' }, undefined, /not signed/],
  ])('refuses an archive %s, and starts nothing', async (_, changes, key, reason) => {
    gateway.ask('2.0.0', 'well', changes, key)
    expect(await gateway.run()).toBe(0)
    expect(gateway.result()).toEqual({ counter: 7, is: 'refused', reason: expect.stringMatching(reason) })
    expect([current(), releases(), gateway.started(), leftovers()]).toEqual(['releases/1.0.0', ['1.0.0'], [], []])
  })

  it('lets no release bring a program that runs as whoever installs it', async () => {
    gateway.ask('2.0.0', 'well', {}, undefined, 0o6755)
    expect(await gateway.run()).toBe(0)
    expect(gateway.result()).toMatchObject({ is: 'applied' })
    expect(statSync(join(gateway.root, 'releases/2.0.0/agent.mjs')).mode & 0o7000).toBe(0)
  })

  it('refuses an archive that was changed after it was signed, and the version that is in force', async () => {
    gateway.ask('2.0.0', 'well')
    const [name = ''] = readdirSync(join(gateway.stateDir, 'updates')).filter((one) => one.endsWith('.tgz'))
    const path = join(gateway.stateDir, 'updates', name)
    const bytes = readFileSync(path)
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1
    writeFileSync(path, bytes)
    await gateway.run()
    expect(gateway.result()).toMatchObject({ is: 'refused', reason: expect.stringMatching(/not the one/) })
    gateway.ask('1.0.0', 'well')
    await gateway.run()
    expect(gateway.result()).toMatchObject({ is: 'refused', reason: 'version 1.0.0 is in force already' })
    expect(gateway.started()).toEqual([])
  })

  it('goes on after it was killed while it watched, and goes back when that happens again', async () => {
    gateway.ask('2.0.0', 'well')
    expect(await gateway.run(() => gateway.started().length === 1)).toBe('SIGKILL')
    expect([isSwitched(), gateway.result()]).toEqual([true, null])
    expect(await gateway.run()).toBe(0)
    expect([gateway.result()?.is, leftovers()]).toEqual(['applied', []])

    gateway.ask('3.0.0', 'well')
    const before = gateway.started().length
    for (const times of [1, 2]) {
      expect(await gateway.run(() => gateway.started().length === before + times)).toBe('SIGKILL')
    }
    expect(await gateway.run()).toBe(0)
    expect(gateway.result()).toMatchObject({ is: 'rolled-back', reason: 'the updater was cut off twice' })
    expect([current(), leftovers()]).toEqual(['releases/2.0.0', []])
  })

  it('believes the key in the renewed grant of the agent, and none of another gateway', async () => {
    const write = (name: string, value: object) => writeFileSync(join(gateway.stateDir, name), JSON.stringify(value))
    const utilityKey = toHex(UTILITY.publicKey)
    write('grant.json', { gateway: 'g', epoch: 1 })
    write('renewed.json', { grant: { gateway: 'g', epoch: 2, utilityKey } })
    gateway.ask('2.0.0', 'well')
    await gateway.run()
    expect(gateway.result()).toMatchObject({ is: 'refused', reason: expect.stringMatching(/names the utility's key/) })
    write('renewed.json', { grant: { gateway: 'g', epoch: 1, utilityKey } })
    gateway.ask('2.0.0', 'well')
    await gateway.run()
    expect(gateway.result()).toMatchObject({ is: 'applied' })
  })

  it('believes the key of its own configuration above the one in the agent’s state', async () => {
    gateway.configure({ utilityKey: 'ab'.repeat(32) })
    gateway.ask('2.0.0', 'well')
    expect(await gateway.run()).toBe(0)
    expect(gateway.result()).toMatchObject({ is: 'refused', reason: expect.stringMatching(/not signed/) })
  })
})
