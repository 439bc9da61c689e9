import { readFileSync } from 'node:fs'
import { createServer } from 'node:tls'
import { Aedes } from 'aedes'

/** aedes as it comes, behind TLS with client certificates: no rule, no limit. Arguments: port, CA, certificate, key. */
const [port, ...paths] = process.argv.slice(2)
const [ca, cert, key] = paths.map((path) => readFileSync(path))
const aedes = await Aedes.createBroker()
const tls = { ca, cert, key, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' } as const
createServer(tls, (socket) => void aedes.handle(socket)).listen(Number(port), '127.0.0.1', () =>
  process.send?.('ready'),
)
