import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Leaf, type TestAuthority, testAuthority } from '../../../broker/test/fixtures/certificates.ts'
import { type MqttWire, openMqtt } from '../../src/adapters/mqtt.ts'

let authority: TestAuthority
let server: Server
let wire: MqttWire | undefined
const shown: string[] = []
const sockets = new Set<TLSSocket>()

beforeEach(async () => {
  authority = await testAuthority()
  const { certificatePem: cert, privateKeyPem: key } = await authority.issue({ commonName: 'broker', server: true })
  server = createServer({ ca: authority.caPem, cert, key, requestCert: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    shown.push(socket.getPeerCertificate().fingerprint256.replaceAll(':', '').toLowerCase())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(async () => {
  await wire?.stop()
  shown.splice(0)
  for (const socket of sockets) socket.destroy()
  await new Promise((resolve) => server.close(resolve))
})

describe('the hub at the broker', () => {
  it('shows the certificate that lies there when it connects again', async () => {
    const issue = () => authority.issue({ commonName: 'hub', unit: 'hub' })
    const [first, second] = [await issue(), await issue()]
    const files = ({ certificatePem: cert, privateKeyPem: key }: Leaf) => ({ ca: authority.caPem, cert, key })
    let lies: Leaf | undefined = first
    const renewed = () => {
      if (lies === undefined) throw new Error('nothing is there')
      return files(lies)
    }
    const url = `mqtts://127.0.0.1:${(server.address() as AddressInfo).port}`
    wire = openMqtt({ url, ...files(first), renewed, filter: 'x' }, () => undefined)
    await vi.waitFor(() => expect(shown).toEqual([first.fingerprint]), 10_000)
    for (const [is, next] of [
      [undefined, first],
      [second, second],
    ] as const) {
      lies = is
      const count = shown.length
      for (const socket of sockets) socket.destroy()
      await vi.waitFor(() => expect(shown).toHaveLength(count + 1), 10_000)
      expect(shown.at(-1)).toBe(next.fingerprint)
    }
  })
})
