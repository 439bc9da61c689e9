import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { hasPseudoTerminals } from '../../../test-support/pseudo-terminals.ts'
import { BAUD_RATE, type Carrier, type Device, type Simulated, simulated } from './simulated.ts'

/*
 * What an installer has at hand: mbpoll, libmodbus' command line. It counts references from 1.
 */
const isRequired = process.env.WATTFLEET_REQUIRE_INTEROP !== undefined || process.env.CI !== undefined
const isThere = spawnSync('mbpoll', ['-h']).status === 0
if (!isThere && !isRequired) process.stderr.write('skipped: no mbpoll: apt-get install mbpoll\n')

const SDM630: Device = {
  name: 'meter',
  unit: 3,
  model: 'eastron-sdm630',
  values: { voltageL1: 230.5, totalPower: -1_234.5, importEnergy: 4_321.75, exportEnergy: 0.25 },
}
const HEAT_PUMP: Device = {
  name: 'heat-pump',
  unit: 4,
  kind: 'holding',
  points: { setPoint: { at: 10, as: 's16', scale: 0.1 }, power: { at: 11, as: 'u32' } },
  values: { setPoint: -1.5, power: 70_000 },
  writable: ['setPoint', 'power'],
}

/** What mbpoll says and how it ends: `-1` polls once, and after the options come the line and what is written. */
async function mbpoll(carrier: Carrier, { port, path }: Simulated, options: string, ...values: readonly number[]) {
  const line =
    carrier === 'tcp' ? ['-m', 'tcp', '-p', port, '127.0.0.1'] : ['-m', 'rtu', '-b', BAUD_RATE, '-P', 'none', path]
  const child = spawn('mbpoll', ['-1', '-o', '10', ...options.split(' '), ...line, ...values].map(String))
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => {
      said += text.toString()
    })
  }
  const [code] = await once(child, 'close')
  const shown = said.match(/^\[\d+\]:.*$/gm)?.map((row) => row.replaceAll(/\s+/g, ' ').trim())
  return { code, said, shown }
}

describe.skipIf(!isThere && !isRequired)('mbpoll', () => {
  const carriers = (['tcp', 'serial'] as const).filter((one) => one === 'tcp' || hasPseudoTerminals() || isRequired)

  describe.each(carriers)('over %s', (carrier) => {
    it('reads input registers as floats', async () => {
      const served = await simulated(carrier, [SDM630, HEAT_PUMP])
      const answer = await mbpoll(carrier, served, '-a 3 -t 3:float -B -r 53 -c 1')
      expect(answer, answer.said).toMatchObject({ code: 0, shown: ['[53]: -1234.5'] })
      const energies = await mbpoll(carrier, served, '-a 3 -t 3:float -B -r 73 -c 2')
      expect(energies, energies.said).toMatchObject({ code: 0, shown: ['[73]: 4321.75', '[75]: 0.25'] })
    })

    it('writes holding registers, and reads what it wrote', async () => {
      const served = await simulated(carrier, [SDM630, HEAT_PUMP])
      const read = async () => (await mbpoll(carrier, served, '-a 4 -t 4 -r 11 -c 3')).shown
      expect(await read()).toEqual(['[11]: 65521 (-15)', '[12]: 1', '[13]: 4464'])
      for (const values of [[215], [200, 2, 3]]) {
        const answer = await mbpoll(carrier, served, '-a 4 -t 4 -r 11', ...values)
        expect(answer, answer.said).toMatchObject({ code: 0 })
      }
      expect(await read()).toEqual(['[11]: 200', '[12]: 2', '[13]: 3'])
    })

    it('is refused an address, and a function, that the device does not have', async () => {
      const served = await simulated(carrier, [SDM630, HEAT_PUMP])
      const address = await mbpoll(carrier, served, '-a 4 -t 4 -r 101 -c 1')
      expect(address, address.said).toMatchObject({ code: 1, said: expect.stringMatching(/Illegal data address/) })
      const coils = await mbpoll(carrier, served, '-a 4 -t 0 -r 1 -c 1')
      expect(coils, coils.said).toMatchObject({ code: 1, said: expect.stringMatching(/Illegal function/) })
    })
  })
})
