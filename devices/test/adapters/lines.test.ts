import { expect, it } from 'vitest'
import { systemLines } from '../../src/adapters/lines.ts'
import { deviceThat } from '../cli/devices.ts'

const never = new AbortController().signal
const times = { timeoutMs: 20, maxReplyDelayMs: 20 }

it('asks a silent device again at once: somebody waits for the answer', async () => {
  const device = await deviceThat(() => undefined)
  const line = systemLines().open({ via: 'tcp', host: '127.0.0.1', port: device.port }, times)
  for (let i = 0; i < 3; i++) {
    const asked = line.readRegisters({ unitId: 1, kind: 'input', at: 0, count: 2 }, never)
    await expect(asked).rejects.toMatchObject({ code: 'timeout' })
  }
  await line.close()
})

it('tells an address that accepts connections from one that does not, and asks neither', async () => {
  const device = await deviceThat(() => undefined)
  const { knock } = systemLines()
  expect(await knock('127.0.0.1', device.port, 1000, never)).toEqual({ isOpen: true })
  await device.close()
  expect(await knock('127.0.0.1', device.port, 1000, never)).toEqual({
    isOpen: false,
    why: expect.stringContaining('ECONNREFUSED'),
  })
  expect(device.asked).toEqual([])
})
