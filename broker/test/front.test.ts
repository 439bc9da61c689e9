import { once } from 'node:events'
import { type Socket, connect as tcpConnect } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import { upTopic } from '@wattfleet/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually, type TestBroker, type TestGateway, testBroker } from './fixtures/broker.ts'

let at: TestBroker
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await at.close()
})

/** A connection that says nothing, from this address of the loopback. */
async function knock(localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = tcpConnect({ host: '127.0.0.1', port: at.broker.port, localAddress })
  socket.on('error', () => undefined)
  sockets.push(socket)
  await once(socket, 'connect')
  return socket
}

function shake(as: TestGateway, localAddress: string): Promise<number> {
  const from = performance.now()
  const socket = tlsConnect({
    ...{ host: '127.0.0.1', port: at.broker.port, localAddress, ca: at.authority.caPem },
    ...{ cert: as.certificatePem, key: as.privateKeyPem },
  })
  sockets.push(socket)
  socket.on('error', () => undefined)
  return once(socket, 'secureConnect').then(() => performance.now() - from)
}

describe('handshakes', () => {
  it('are begun at their rate: those of a crowd come late, but they come', async () => {
    at = await testBroker({ limits: { handshakesPerSecond: 40, handshakeBurst: 4 } })
    const gateway = await at.gateway()
    const from = performance.now()
    await Promise.all(Array.from({ length: 24 }, () => shake(gateway, '127.0.0.1')))
    expect(performance.now() - from).toBeGreaterThanOrEqual(480) // 20 at 40 a second, less a timer's grain
    expect(at.broker.stats().refused['handshake-rate']).toBe(0)
  })

  it('that are too many to wait are let go, of whoever has most, counted, and the connected do not notice', async () => {
    at = await testBroker({ limits: { handshakesPerSecond: 1, handshakeBurst: 1, handshakesWaiting: 10 } })
    const gateway = await at.gateway()
    const agent = await at.connect(gateway)
    const crowd = await Promise.all(Array.from({ length: 30 }, () => knock()))
    await eventually(() => at.broker.stats().refused['handshake-rate'] === 20, '20 are let go')
    await eventually(() => crowd.filter((socket) => socket.destroyed).length === 20, 'and know it')
    expect(at.broker.stats().waiting).toBe(10)
    await agent.publishAsync(upTopic(gateway.name, 'status'), 'served', { qos: 1 })
    expect(at.broker.stats().published).toBe(1)
  })

  it('of another address need not wait for all of a crowd', async () => {
    at = await testBroker({ limits: { handshakesPerSecond: 10, handshakeBurst: 1, handshakesWaiting: 50 } })
    const gateway = await at.gateway()
    for (let n = 0; n < 60; n++) await knock()
    await eventually(() => at.broker.stats().waiting >= 45, 'a crowd')
    expect(await shake(gateway, '127.0.0.2')).toBeLessThan(3_500) // the crowd's 45 would take 4.5 s
  })
})
