import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  configBody,
  ENERGY_TYPE,
  monotonicMs,
  type Status,
  sealDown,
  signingKeyFromSeed,
  toHex,
} from '@wattfleet/protocol'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { freePorts } from '../../test-support/ports.ts'
import { RULES } from './support/fixtures.ts'
import { type SimpleMeter, sdm630Server } from './support/modbus-server.ts'
import { UTILITY } from './support/remote.ts'
import { testUtility } from './support/utility.ts'

const MAIN = join(import.meta.dirname, '../src/main.ts')
const SLOT_MS = 900_000
const RATE = 600
/** Machines are busy: only what will never come takes this long. */
const PATIENCE_MS = 60_000

describe('the gateway program', () => {
  let folder: string
  const children: ChildProcess[] = []
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gateway-'))
  })
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
    rmSync(folder, { recursive: true })
  })

  function start(config: unknown, clock?: object, more: NodeJS.ProcessEnv = {}) {
    const path = join(folder, 'agent.json')
    writeFileSync(path, typeof config === 'string' ? config : JSON.stringify(config))
    const env: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: '1', ...more }
    delete env.WATTFLEET_CLOCK
    if (clock !== undefined) env.WATTFLEET_CLOCK = JSON.stringify(clock)
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, '--config', path], {
      env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    children.push(child)
    const said = { out: '', err: '', ready: false }
    child.stdout?.on('data', (chunk: Buffer) => {
      said.out += chunk.toString('utf8')
    })
    child.stderr?.on('data', (chunk: Buffer) => {
      said.err += chunk.toString('utf8')
    })
    child.on('message', (message) => {
      said.ready ||= message === 'ready'
    })
    return { child, said, ended: once(child, 'exit') }
  }

  it.each([
    { name: 'no JSON', config: '{', error: 'agent.json: is not JSON' },
    { name: 'a field that is missing', config: { stateDir: '/x' }, error: 'agent.json: claimPath: ' },
    {
      name: 'a field that does not exist',
      config: { stateDir: '/x', claimPath: '/y', meter: { port: 5020 }, pollSeconds: 3 },
      error: 'pollSeconds',
    },
    {
      name: 'a figure out of range',
      config: { stateDir: '/x', claimPath: '/y', meter: { port: 99_999 } },
      error: 'agent.json: meter.port: ',
    },
  ])('refuses $name with exit code 2, naming file, path and expectation', async ({ config, error }) => {
    const { ended, said } = start(config)
    expect((await ended)[0]).toBe(2)
    expect(said.err).toContain(error)
  })

  describe('plugged in', () => {
    let utility: Awaited<ReturnType<typeof testUtility>>
    let meter: SimpleMeter
    const begin = monotonicMs()
    const anchor = { monotonicMs: begin, streetMs: 1_800_000_000_000, rate: RATE }
    const hours = () => ((monotonicMs() - begin) * RATE) / 3_600_000

    beforeEach(async () => {
      utility = await testUtility({ rules: { ...RULES, relayMarginS: 60, gateClosureS: 30 } })
      meter = await sdm630Server(() => ({ totalPower: -1_500, importEnergy: 1_234, exportEnergy: 567 + 1.5 * hours() }))
    })
    afterEach(() => Promise.all([utility.close(), meter.close()]))

    function config() {
      writeFileSync(join(folder, 'claim.json'), JSON.stringify(utility.claim))
      return {
        stateDir: join(folder, 'state'),
        claimPath: join(folder, 'claim.json'),
        serial: 'pi-1',
        meter: { host: '127.0.0.1', port: meter.port, timeoutMs: 100 },
        pollS: 30,
      }
    }

    it('enrols, reads, trades, reports its energies, and stops within two seconds', async () => {
      const { child, said, ended } = start(config(), anchor)
      await vi.waitFor(() => expect(said.ready, said.err + said.out).toBe(true), 15_000)
      await vi.waitFor(
        () => expect(utility.hub.energies().filter((one) => one.quality === 'good').length).toBeGreaterThan(1),
        {
          timeout: 20_000,
        },
      )
      const [offer] = [...utility.hub.orders.values()]
      expect(offer?.order).toMatchObject({ side: 'offer', energyTypes: ENERGY_TYPE.other, priceMicro: 120_000 })
      expect(Math.abs((offer?.order.energyWh ?? 0) - 375)).toBeLessThanOrEqual(8)
      for (const energy of utility.hub.energies().filter((one) => one.quality === 'good')) {
        expect(Math.abs(energy.exportWh - 375)).toBeLessThanOrEqual(energy.errorWh)
      }
      const asked = Date.now()
      child.kill('SIGTERM')
      expect(await ended).toEqual([0, null])
      expect(Date.now() - asked).toBeLessThan(2_000)
      expect(said.out).not.toMatch(/PRIVATE KEY|signingSeed/)
    })

    it('tells the service manager that it lives, where that wants to hear of it', async () => {
      const told = join(folder, 'told')
      writeFileSync(join(folder, 'systemd-notify'), `#!/bin/sh\necho "$@" >>'${told}'\n`, { mode: 0o755 })
      const env = { WATCHDOG_USEC: '400000', PATH: `${folder}:${process.env.PATH}` }
      const { child, ended } = start(config(), anchor, env)
      await vi.waitFor(() => expect(readFileSync(told, 'utf8')).toMatch(/^(WATCHDOG=1\n){3}/), PATIENCE_MS)
      child.kill('SIGTERM')
      expect(await ended).toEqual([0, null])
    })

    it('goes on after it was killed in mid-slot: same identity, no sequence again, no slot lost', async () => {
      const first = start(config(), anchor)
      await vi.waitFor(() => expect(utility.hub.orders.size, first.said.err).toBeGreaterThan(0), 15_000)
      first.child.kill('SIGKILL')
      await first.ended
      const energiesBefore = utility.hub.energies().length
      const second = start(config(), anchor)
      await vi.waitFor(
        () => expect(utility.hub.energies().length, second.said.err).toBeGreaterThan(energiesBefore + 2),
        20_000,
      )
      // the broker said that it was gone, and the next connection has a higher number
      await vi.waitFor(() => {
        const [gone] = utility.hub.gone
        expect(utility.hub.statuses.at(-1)?.session).toBeGreaterThan(gone?.session ?? Number.POSITIVE_INFINITY)
      }, PATIENCE_MS)
      const slots = utility.hub.energies().map((energy) => energy.slotStart)
      expect(slots).toEqual(slots.map((_, i) => (slots[0] ?? 0) + (i * SLOT_MS) / 1000))
    })

    it('takes a configuration from the utility, forgets nothing by it, and goes back from one that is not well', async () => {
      await utility.close()
      utility = await testUtility({
        rules: { ...RULES, relayMarginS: 60, gateClosureS: 30 },
        utilityKey: toHex(UTILITY.publicKey),
      })
      const { said } = start(config(), anchor)
      await vi.waitFor(
        () => expect(utility.hub.statuses.at(-1), said.err).toMatchObject({ meter: 'good' }),
        PATIENCE_MS,
      )
      const { gateway, epoch } = utility.hub.statuses.at(-1) as Status
      const say = (counter: number, settings: object, key = UTILITY) => {
        const expiresAt = 2_000_000_000
        // an hour of this clock is six seconds
        const message = { gateway, epoch, counter, expiresAt, settings: { ...settings }, trialS: 3_600 }
        utility.send('config', sealDown(configBody(message), key))
      }
      say(7, { meter: { port: 1 } }, signingKeyFromSeed(new Uint8Array(32).fill(8)))
      say(2, { strategy: { offerMicro: 90_000 } })
      await vi.waitFor(
        () => expect(utility.hub.statuses.at(-1)).toMatchObject({ config: 2, meter: 'good' }),
        PATIENCE_MS,
      )
      await vi.waitFor(() => expect(utility.hub.statuses.at(-1)?.lastConfig?.is).toBe('applied'), PATIENCE_MS)
      await vi.waitFor(
        () => expect([...utility.hub.orders.values()].at(-1)?.order).toMatchObject({ priceMicro: 90_000 }),
        PATIENCE_MS,
      )
      const [nobody = 0] = await freePorts(1)
      say(3, { meter: { port: nobody } })
      await vi.waitFor(
        () => expect(utility.hub.statuses.at(-1)).toMatchObject({ config: 2, lastConfig: { is: 'rolled-back' } }),
        PATIENCE_MS,
      )
      await vi.waitFor(() => expect(utility.hub.statuses.at(-1)).toMatchObject({ meter: 'good' }), PATIENCE_MS)
      // no slot is lost, no sequence used again (the hub refuses other bytes under the same): one chain of energies
      const slots = utility.hub.energies().map((energy) => energy.slotStart)
      expect(slots).toEqual(slots.map((_, i) => (slots[0] ?? 0) + (i * SLOT_MS) / 1000))
    }, 180_000)

    it('with no device in its file reads what its grant names, also after it was killed', async () => {
      await utility.close()
      const devices = { meter: { model: 'eastron-sdm630', host: '127.0.0.1', port: meter.port } }
      utility = await testUtility({ devices })
      const { meter: _, ...bare } = config()
      const first = start(bare, anchor)
      const reads = { meter: 'good', exportW: 1_500, devices: { meter: 'grant', inverter: 'none' } }
      await vi.waitFor(() => expect(utility.hub.statuses.at(-1), first.said.err).toMatchObject(reads), PATIENCE_MS)
      first.child.kill('SIGKILL')
      await first.ended
      const { session = 0 } = utility.hub.statuses.at(-1) ?? {}
      const second = start(bare, anchor)
      await vi.waitFor(() => {
        expect(utility.hub.statuses.at(-1), second.said.err).toMatchObject(reads)
        expect(utility.hub.statuses.at(-1)?.session).toBeGreaterThan(session)
      }, PATIENCE_MS)
    }, 180_000)

    it.each([
      [
        'of a model that it does not know',
        { meter: { model: 'no-such', port: 502 } },
        'grant: meter.model: there is no model no-such; wattfleet-devices models lists them',
      ],
      [
        'without an address',
        { meter: { model: 'eastron-sdm630' } },
        'grant: meter: expected a port (with its host) or a serial line',
      ],
      [
        'that no grant names, as of an older service',
        undefined,
        'meter: expected one in the file, the grant or a configuration from afar',
      ],
    ])(
      'is let in with a meter %s, says so, and reads it once a configuration says more',
      async (_, devices, reason) => {
        await utility.close()
        utility = await testUtility({ utilityKey: toHex(UTILITY.publicKey), ...(devices && { devices }) })
        const { meter: __, ...bare } = config()
        const { child, said } = start(bare, anchor)
        await vi.waitFor(() => expect(said.ready, said.err + said.out).toBe(true), PATIENCE_MS)
        await vi.waitFor(
          () =>
            expect(utility.hub.statuses.at(-1)).toMatchObject({
              meter: 'missing',
              devices: { meter: 'none', inverter: 'none', reason },
            }),
          PATIENCE_MS,
        )
        expect(said.out).toContain(reason)
        expect([child.exitCode, utility.hub.orders.size]).toEqual([null, 0])
        const { gateway, epoch } = utility.hub.statuses.at(-1) as Status
        const settings = { meter: { model: 'eastron-sdm630', host: '127.0.0.1', port: meter.port } }
        const head = { gateway, epoch, counter: 1, expiresAt: 2_000_000_000 }
        utility.send('config', sealDown(configBody({ ...head, settings, trialS: 60 }), UTILITY))
        await vi.waitFor(
          () =>
            expect(utility.hub.statuses.at(-1)).toMatchObject({
              ...{ meter: 'good', devices: { meter: 'afar', inverter: 'none' } },
              lastConfig: { counter: 1, is: 'applied' },
            }),
          PATIENCE_MS,
        )
      },
      180_000,
    )

    it('is up with a silent meter, and says that it is missing', async () => {
      meter.silent = true
      const { said } = start(config(), anchor)
      await vi.waitFor(() => expect(said.ready, said.err + said.out).toBe(true), 15_000)
      await vi.waitFor(() => expect(utility.hub.statuses.at(-1)).toMatchObject({ meter: 'missing' }), 5_000)
      expect(utility.hub.orders.size).toBe(0)
      meter.silent = false
      await vi.waitFor(
        () => expect(utility.hub.statuses.at(-1)).toMatchObject({ meter: 'good', exportW: 1_500 }),
        20_000,
      )
    })
  })
})
