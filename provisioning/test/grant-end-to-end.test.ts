import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { setDevices } from './fixtures/office.ts'
import { testFleet } from './fixtures/real-fleet.ts'

const PATIENCE = { timeout: 60_000, interval: 100 }
let fleet: Awaited<ReturnType<typeof testFleet>>
let stopService: () => Promise<void>
beforeEach(async () => {
  fleet = await testFleet(4, (ports) => {
    const rows = [
      `eastron-sdm630,127.0.0.1:${ports[0]}`,
      'eastron-sdm630,',
      'eastron-sdm630,127.0.0.1:502',
      // in this house there is another one than the list says
      'abb-b23,127.0.0.1:1',
    ]
    const head = 'serial,household,member,zone,capImportWh,capExportWh,meter,meterAddress'
    return [
      head,
      ...rows.map((row, n) => `pi-${n + 1},House ${n + 1},${String(n).repeat(64)},1,3000,2500,${row}`),
    ].join('\n')
  })
  // as from an office whose lists are ahead of the agent's
  setDevices(fleet.office, 'pi-3', { meter: 'no-such-meter', meterAddress: '127.0.0.1:502' })
  stopService = fleet.startService()
}, 60_000)
afterEach(async () => {
  await stopService()
  await fleet.close()
})

const statusOf = (n: number) => {
  const { store } = fleet.office
  return store.statuses.of(store.sites()[n]?.gateway ?? '')
}

describe('a gateway with a claim and no word about its devices', () => {
  it('reads the meter of the manifest; where that cannot be, it is let in and the utility knows why', async () => {
    await Promise.all([0, 1, 2].map((n) => fleet.startAgent(n, null)))
    await fleet.startAgent(3, { port: fleet.meterPorts[3], timeoutMs: 200 })
    const said = () => fleet.said.slice(-20).join('')
    await vi.waitFor(() => {
      expect(statusOf(0), said()).toMatchObject({ meter: 'good', devices: { meter: 'grant', inverter: 'none' } })
      const none = { meter: 'none', inverter: 'none' }
      const where = 'grant: meter: expected a port (with its host) or a serial line'
      expect(statusOf(1)).toMatchObject({ meter: 'missing', devices: { ...none, reason: where } })
      const which = 'grant: meter.model: there is no model no-such-meter; wattfleet-devices models lists them'
      expect(statusOf(2)).toMatchObject({ meter: 'missing', devices: { ...none, reason: which } })
      // what the installer wrote is what is there
      expect(statusOf(3)).toMatchObject({ meter: 'good', devices: { meter: 'file', inverter: 'none' } })
    }, PATIENCE)
    expect(fleet.office.store.sites().map(({ state }) => state)).toEqual(Array(4).fill('active'))
  }, 120_000)
})
