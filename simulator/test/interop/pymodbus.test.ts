import { modelIds, shippedModel, wordsOf } from '@wattfleet/devices'
import { describe, expect, it } from 'vitest'
import { type Golden, goldenOf } from '../../../devices/test/golden.ts'
import { hasPseudoTerminals } from '../../../test-support/pseudo-terminals.ts'
import { describeWithPython } from '../../../test-support/python.ts'
import { type Call, type Patience, pymodbus } from './pymodbus.ts'
import { CARRIERS, type Carrier, type Device, simulated } from './simulated.ts'

/*
 * A client that nobody here wrote reads and writes what the simulator serves.
 */
const PEER = {
  name: 'pymodbus 3.16 as a client',
  check: 'from pymodbus.simulator import SimDevice; import serial',
  install: 'pip install pymodbus==3.16.1 pyserial==3.5',
}
const isRequired = process.env.WATTFLEET_REQUIRE_INTEROP !== undefined || process.env.CI !== undefined

/** Registers of points by themselves, as the golden image of the model has them: `[kind, at, words]` by name. */
function wordsByPoint(id: string, { registers, values }: Golden) {
  const model = shippedModel(id)
  const words = new Map<string, number>()
  for (const [key, hex] of Object.entries(registers)) {
    const [kind, at] = key.includes(':') ? key.split(':') : [model.kind, key]
    for (const [i, word] of hex.trim().split(/\s+/).entries())
      words.set(`${kind} ${Number(at) + i}`, Number.parseInt(word, 16))
  }
  return Object.entries(values).flatMap(([name, value]) => {
    const point = model.points[name]
    // texts are filled up with zeros or blanks, and of several ways to say "not available" the simulator takes the first
    if (point === undefined || point.as === 'string' || value === null) return []
    const kind = point.kind ?? model.kind
    const own = Array.from({ length: wordsOf(point) }, (_, i) => words.get(`${kind} ${point.at + i}`))
    return [{ name, kind, at: point.at, own }]
  })
}

/** The golden values of a model as a file gives them. */
const given = ({ values }: Golden) =>
  Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value === null ? [] : [[name, value]])))

const METER = {
  name: 'meter',
  unit: 1,
  kind: 'holding',
  maxRegisters: 20,
  points: { a: { at: 10, as: 'u16' }, b: { at: 11, as: 'u32' }, c: { at: 13, as: 's16' }, d: { at: 40, as: 'u16' } },
  values: { a: 7, b: 70_000, c: -2, d: 40 },
  writable: ['a', 'b'],
} satisfies Device
const INPUTS = {
  name: 'inputs',
  unit: 2,
  kind: 'input',
  holes: 'rejected',
  points: { a: { at: 0, as: 'u16' }, b: { at: 2, as: 'u16' } },
  values: { a: 1, b: 2 },
} satisfies Device

/** A reader of the meter's registers. */
const holding = (call: Call, address: number, count: number, device_id = 1) =>
  call('read_holding_registers', { address, count, device_id })

describeWithPython(PEER, (python) => {
  const serialIsMissing = !hasPseudoTerminals() && !isRequired
  const carriers = CARRIERS.filter((carrier) => carrier !== 'serial' || !serialIsMissing)

  describe.each(carriers)('over %s', (carrier: Carrier) => {
    async function meter(patience?: Patience) {
      const served = await simulated(carrier, [METER, INPUTS])
      return { ...served, call: pymodbus(python, carrier, served, patience) }
    }

    // a serial line takes its time: three models that hold their values in three ways
    const ids = carrier === 'tcp' ? modelIds() : ['eastron-sdm630', 'sungrow-sh', 'huawei-sun2000']
    it('reads the golden registers of the models', async () => {
      const devices = ids.map((id, i) => ({ name: id, unit: i + 1, model: id, values: given(goldenOf(id)) }))
      const call = pymodbus(python, carrier, await simulated(carrier, devices))
      for (const [i, id] of ids.entries()) {
        const points = wordsByPoint(id, goldenOf(id))
        expect(points.length).toBeGreaterThan(0)
        for (const { name, kind, at, own } of points) {
          const read = kind === 'input' ? 'read_input_registers' : 'read_holding_registers'
          const answer = await call(read, { address: at, count: own.length, device_id: i + 1 })
          expect(answer, `${id} ${name}`).toEqual({ registers: own })
        }
      }
    })

    it('gets the exceptions that the protocol asks for', async () => {
      const { call } = await meter()
      const inputs = (address: number, count: number) => call('read_input_registers', { address, count, device_id: 2 })
      // MODBUS Application Protocol 1.1b3, section 7: 1 for a function, 2 for an address, 3 for a value
      expect(await holding(call, 0, 1)).toEqual({ exception: 2 })
      expect(await holding(call, 40, 2)).toEqual({ exception: 2 })
      expect(await holding(call, 65_535, 1)).toEqual({ exception: 2 })
      expect(await inputs(0, 2)).toEqual({ exception: 2 })
      expect(await holding(call, 10, 21)).toEqual({ exception: 3 })
      expect(await holding(call, 0, 1, 2)).toEqual({ exception: 1 })
      expect(await call('read_input_registers', { address: 10, count: 1, device_id: 1 })).toEqual({ exception: 1 })
      expect(await call('write_register', { address: 0, value: 1, device_id: 2 })).toEqual({ exception: 1 })
      for (const [name, args] of Object.entries({
        read_coils: { address: 0, count: 8 },
        read_discrete_inputs: { address: 0, count: 8 },
        write_coil: { address: 0, value: true },
        write_coils: { address: 0, values: [true, false] },
        mask_write_register: { address: 10, and_mask: 1, or_mask: 1 },
        readwrite_registers: { read_address: 10, read_count: 1, write_address: 10, values: [1] },
        report_device_id: {},
        read_device_information: { read_code: 1, object_id: 0 },
        read_fifo_queue: { address: 10 },
      })) {
        expect(await call(name, { ...args, device_id: 1 }), name).toEqual({ exception: 1 })
      }
      expect(await holding(call, 10, 4)).toEqual({ registers: [7, 1, 4_464, 0xfffe] })
    })

    it('writes registers that may be written, one or several', async () => {
      const { call } = await meter()
      expect(await call('write_register', { address: 10, value: 65_535, device_id: 1 })).toEqual({
        written: [10, 65_535],
      })
      expect(await call('write_registers', { address: 11, values: [2, 3], device_id: 1 })).toEqual({ written: [11, 2] })
      expect(await holding(call, 10, 4)).toEqual({ registers: [65_535, 2, 3, 0xfffe] })
      // one register of several is not to be written: none is
      expect(await call('write_registers', { address: 12, values: [8, 9], device_id: 1 })).toEqual({ exception: 2 })
      expect(await call('write_register', { address: 13, value: 9, device_id: 1 })).toEqual({ exception: 2 })
      expect(await holding(call, 10, 4)).toEqual({ registers: [65_535, 2, 3, 0xfffe] })
    })

    const isRtu = carrier !== 'tcp'
    /** Longer than a busy machine takes to answer. */
    const timeoutS = 1.5

    it('is told of a unit that is not there as the line tells it', async () => {
      const { call } = await meter({ timeoutS })
      // a gateway says so (exception 11), on a serial line nobody answers
      expect(await holding(call, 10, 1, 9)).toEqual(isRtu ? { error: 'ModbusIOException' } : { exception: 11 })
      expect(await holding(call, 10, 1)).toEqual({ registers: [7] })
    })

    it('waits for a slow device, gives a silent one up, and goes on when it answers again', async () => {
      const { call, fault } = await meter({ timeoutS })
      for (const [spec, answer] of [
        [{ kind: 'delay', ms: 200 }, { registers: [7] }],
        [{ kind: 'silence' }, { error: 'ModbusIOException' }],
        [{ kind: 'busy' }, { exception: 6 }],
        ...(isRtu ? ([[{ kind: 'badCrc' }, { error: 'ModbusIOException' }]] as const) : []),
      ] as const) {
        const mend = fault(spec)
        expect(await holding(call, 10, 1), spec.kind).toEqual(answer)
        mend()
        expect(await holding(call, 11, 2), `after ${spec.kind}`).toEqual({ registers: [1, 4_464] })
      }
    })

    it('tries again where it got no answer', async () => {
      const { call, fault } = await meter({ timeoutS, retries: 1 })
      fault({ kind: 'silence', every: 2 })
      for (let i = 0; i < 2; i++) expect(await holding(call, 13, 1)).toEqual({ registers: [0xfffe] })
    })

    it('takes the late answer to its first try for the one to its second: they are the same', async () => {
      const { call, fault } = await meter({ timeoutS, retries: 3 })
      fault({ kind: 'late', ms: 1_500 * timeoutS })
      expect(await holding(call, 13, 1)).toEqual({ registers: [0xfffe] })
    })

    it('can tell on Modbus TCP alone that a late answer is another’s', async () => {
      const { call, fault } = await meter({ timeoutS: 2 })
      const mend = fault({ kind: 'late', ms: 3_000 })
      expect(await holding(call, 10, 1)).toEqual({ error: 'ModbusIOException' })
      mend()
      // nothing else is answered: only the late answer comes, while this is waited for
      fault({ kind: 'silence' })
      // RTU has no transaction: a client that does not keep the line quiet takes register 10 for 13, as this one does
      expect(await holding(call, 13, 1)).toEqual(isRtu ? { registers: [7] } : { error: 'ModbusIOException' })
    })

    // Modbus TCP has no broadcast: a connection reaches one device, or a gateway that asks one
    if (!isRtu) return
    it('writes to all units at once, and none answers', async () => {
      const served = await simulated(carrier, [METER, { ...METER, name: 'other', unit: 3 }])
      const call = pymodbus(python, carrier, served)
      const args = { address: 10, values: [99], device_id: 0, no_response_expected: true }
      expect(await call('write_registers', args)).toEqual({})
      for (const unit of [1, 3]) expect(await holding(call, 10, 1, unit)).toEqual({ registers: [99] })
    })
  })
})
