import { once } from 'node:events'
import { connect } from 'node:net'
import modbus from 'modbus-serial'

/** A client of modbus-serial's with nothing around it, connected. */
export async function bareClient(port: number) {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  await once(socket, 'connect')
  const client = new modbus.default()
  await client.linkTCP(socket, { port })
  client.setID(1)
  return client
}
