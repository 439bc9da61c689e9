import { modelMeter, type RegisterReader, shippedModel, sunSpecInverter } from '@wattfleet/devices'
import { manualClock } from '@wattfleet/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Flows, type HouseSpec, type HouseState, oneWay } from '../../src/core/house.ts'
import { firstState, momentOf, nextStep, STEP_MS } from '../../src/core/street.ts'
import { loadWorld } from '../../src/data.ts'
import { registersOf, type WireDevice } from '../../src/wire/device.ts'
import { inverterDevice } from '../../src/wire/inverter-registers.ts'
import { meterDevice } from '../../src/wire/meter-registers.ts'
import { handlePdu } from '../../src/wire/pdu.ts'

const number = (min: number, max: number) => fc.double({ min, max, noNaN: true })
const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined })

const plane = fc.record({
  ...{ peakW: number(300, 7_000), tiltDeg: number(0, 90), azimuthDeg: number(0, 359) },
  temperatureCoefficient: maybe(number(-0.006, 0)),
})
const house = fc
  .record({
    name: fc.string({ minLength: 1, maxLength: 8 }),
    annualKwh: number(300, 12_000),
    pv: maybe(fc.array(plane, { minLength: 1, maxLength: 3 })),
    inverter: maybe(
      fc.record({
        ...{ limitW: maybe(number(300, 12_000)), efficiency: maybe(number(0.9, 0.99)) },
        feedInLimitW: maybe(number(0, 5_000)),
      }),
    ),
    battery: maybe(
      fc.record({
        ...{ capacityWh: number(500, 20_000), powerW: number(300, 10_000), roundTripEfficiency: maybe(number(0.7, 1)) },
        reserveWh: maybe(number(0, 400)),
      }),
    ),
    heatPump: maybe(
      fc.record({
        ...{
          powerW: number(500, 6_000),
          emitter: fc.constantFrom('floor', 'radiator'),
          heatLossWPerK: number(50, 400),
        },
        ...{ timeConstantH: number(5, 200), setPointC: number(15, 25), gainsW: number(0, 600) },
        minimumRunS: fc.integer({ min: 0, max: 1_800 }),
      }),
    ),
    car: maybe(
      fc.record({
        ...{ capacityWh: number(10_000, 90_000), chargeW: number(1_400, 22_000), kmPerDay: number(0, 150) },
        ...{
          whPerKm: number(120, 250),
          drivingDays: number(0, 1),
          leavesAtH: number(5, 10),
          returnsAtH: number(11, 22),
        },
        charging: fc.constantFrom('at-once', 'surplus'),
      }),
    ),
  })
  .map((one): HouseSpec => (one.pv === undefined ? { ...one, inverter: undefined, battery: undefined } : one))

const COUNTERS = [
  ...['importWh', 'exportWh', 'inverterWh', 'pvWh', 'chargedWh', 'dischargedWh'],
  ...['loadWh', 'heatPumpWh', 'carWh', 'lossWh'],
] as (keyof HouseState)[]
/** The flow that each counter is the integral of. */
const FLOW_OF: Readonly<Record<string, keyof Flows>> = {
  ...{ importWh: 'importW', exportWh: 'exportW', inverterWh: 'inverterW', pvWh: 'pvW', chargedWh: 'chargeW' },
  ...{ dischargedWh: 'dischargeW', loadWh: 'loadW', heatPumpWh: 'heatPumpW', carWh: 'carW', lossWh: 'lossW' },
}
const WORLDS = {
  'sunny-day': loadWorld(1, 3_600, { weather: 'sunny-day' }),
  'winter-day': loadWorld(1, 3_600, { weather: 'winter-day' }),
} as const
/** Three hours of steps, from any step of 2026. */
const STEPS = 2_160
const anyStep = fc.integer({ min: 353_445_120, max: 353_445_120 + 6_307_200 })
const situation = fc.record({
  ...{ spec: house, seed: fc.nat(), weather: fc.constantFrom('sunny-day', 'winter-day'), from: anyStep },
  span: fc.tuple(fc.nat(STEPS), fc.nat(STEPS)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const),
})

interface Situation {
  readonly spec: HouseSpec
  readonly seed: number
  readonly weather: keyof typeof WORLDS
  readonly from: number
}

/** Every state from the first to the last, and the flows between them. */
function run({ spec, seed, weather, from }: Situation) {
  const seeded = { ...WORLDS[weather], seed }
  const states = [firstState(seeded, spec)]
  const flows: Flows[] = []
  for (let i = 0; i < STEPS; i++) {
    const next = nextStep(seeded, momentOf(seeded, from + i), spec, states[i] as HouseState)
    states.push(next.state)
    flows.push(next.flows)
  }
  return { states, flows }
}

/** The device's registers as a reader sees them, without a wire. */
function readerOf(device: WireDevice): RegisterReader {
  return {
    timing: { requestMs: 1, registerMs: 0 },
    readRegisters: async ({ kind, at, count }) => {
      const request = Uint8Array.of(kind === 'holding' ? 3 : 4, at >> 8, at & 0xff, count >> 8, count & 0xff)
      const { answer } = handlePdu({ registers: registersOf(device.parts, device.values(0)) }, request)
      if (answer === undefined || (answer[0] ?? 0) > 0x80) throw new Error(`registers ${at} are refused`)
      return Array.from({ length: count }, (_, i) => ((answer[2 + 2 * i] ?? 0) << 8) | (answer[3 + 2 * i] ?? 0))
    },
  }
}

const into = (of: (name: string) => number) => of('pv') + of('import') + of('discharge')
const outOf = (of: (name: string) => number) => of('load') + of('charge') + of('loss') + of('export')
const COUNTER_OF: Readonly<Record<string, keyof HouseState>> = { charge: 'chargedWh', discharge: 'dischargedWh' }
const counterOf = (name: string) => COUNTER_OF[name] ?? (`${name}Wh` as keyof HouseState)

describe('any house', () => {
  it('conserves energy in every step and over any time, and its counters never decrease', () => {
    fc.assert(
      fc.property(situation, ({ span, ...rest }) => {
        const { states, flows } = run(rest)
        for (const [i, f] of flows.entries()) {
          const flow = (name: string) => f[`${name}W` as keyof Flows] as number
          const [before, next] = [states[i] as HouseState, states[i + 1] as HouseState]
          if (Math.abs(into(flow) - outOf(flow)) > 1e-6) expect.fail(`step ${i}: ${JSON.stringify(f)}`)
          if (Math.abs(f.baseW + f.heatPumpW + f.carW - f.loadW) > 1e-9) expect.fail(`load of step ${i}`)
          for (const name of COUNTERS) if (next[name] < before[name]) expect.fail(`${name} falls in step ${i}`)
        }
        const [first, last] = [states[span[0]] as HouseState, states[span[1]] as HouseState]
        const grew = (name: string) => last[counterOf(name)] - first[counterOf(name)]
        expect(Math.abs(into(grew) - outOf(grew))).toBeLessThan(1e-3)
        // to the watt-hour that a meter shows: each of seven counters is half of one off at either end
        const shown = (name: string) => Math.round(last[counterOf(name)]) - Math.round(first[counterOf(name)])
        expect(Math.abs(into(shown) - outOf(shown))).toBeLessThanOrEqual(7)
        for (const name of COUNTERS) {
          const flown = flows
            .slice(...span)
            .reduce((sum, f) => sum + ((f[FLOW_OF[name] as keyof Flows] as number) * STEP_MS) / 3.6e6, 0)
          expect(Math.abs(last[name] - first[name] - flown), name).toBeLessThan(1e-3)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('stores in its battery what was charged less the losses of both ways, within its limits', () => {
    fc.assert(
      fc.property(situation, ({ span, ...rest }) => {
        const { states } = run(rest)
        const { battery } = rest.spec
        const kept = oneWay(battery)
        const [first, last] = [states[span[0]] as HouseState, states[span[1]] as HouseState]
        const charged = last.chargedWh - first.chargedWh
        const discharged = last.dischargedWh - first.dischargedWh
        expect(Math.abs(last.storedWh - first.storedWh - charged * kept + discharged / kept)).toBeLessThan(1e-3)
        for (const { storedWh } of states) {
          if (storedWh < Math.min(battery?.reserveWh ?? 0, (battery?.capacityWh ?? 0) / 2) - 1e-6)
            expect.fail('below its reserve')
          if (storedWh > (battery?.capacityWh ?? 0) + 1e-6) expect.fail('above its capacity')
        }
        if (battery === undefined) expect(charged + discharged).toBe(0)
      }),
      { numRuns: 50 },
    )
  })

  it('is read from its registers as what has flowed, to the watt-hour, and never as less than before', async () => {
    await fc.assert(
      fc.asyncProperty(situation, async ({ span: _, ...rest }) => {
        const { states, flows } = run(rest)
        const clock = manualClock(0)
        let at = 1
        const now = () => ({ spec: rest.spec, state: states[at] as HouseState, flows: flows[at - 1] as Flows })
        const meter = modelMeter(readerOf(meterDevice('m', 1, now)), 1, shippedModel('eastron-sdm630'), clock)
        const inverter = rest.spec.pv && sunSpecInverter(readerOf(inverterDevice('i', 1, rest.spec, now)), 1, clock)
        const { signal } = new AbortController()
        let before = [0, 0, 0]
        for (; at <= STEPS; at += 154) {
          const { state } = now()
          const reading = await meter.read(signal)
          const given = await inverter?.read(signal)
          const shown = [reading.importEnergyWh, reading.exportEnergyWh, given?.lifetimeEnergyWh].map((value) => {
            if (value?.quality === 'missing') throw new Error(value.reason)
            return value?.value ?? 0
          })
          const held = [state.importWh, state.exportWh, inverter === undefined ? 0 : state.inverterWh]
          for (const [i, value] of shown.entries()) {
            expect(Math.abs(value - (held[i] ?? Number.NaN))).toBeLessThanOrEqual(1)
            expect(value).toBeGreaterThanOrEqual(before[i] ?? Number.NaN)
          }
          before = shown
        }
      }),
      { numRuns: 20 },
    )
  })

  it('is the same from the same seed, whenever its time is passed in one go or with a stop', () => {
    fc.assert(
      fc.property(situation, (one) => {
        const once = run(one)
        const again = run(one)
        expect(again.states.at(-1)).toEqual(once.states.at(-1))
        const half = JSON.parse(JSON.stringify(once.states[STEPS / 2])) as HouseState
        const world = { ...WORLDS[one.weather], seed: one.seed }
        let state = half
        for (let i = STEPS / 2; i < STEPS; i++)
          state = nextStep(world, momentOf(world, one.from + i), one.spec, state).state
        expect(state).toEqual(once.states.at(-1))
      }),
      { numRuns: 10 },
    )
  })
})
