import { createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { request } from 'node:https'
import { enrolmentProof, signingKeyFromSeed, toHex } from '@wattfleet/protocol'
import { certificateRequest } from '../../agent/src/certificate-request.ts'

/** What this process is told to do. */
export interface Order {
  readonly port: number
  readonly caPem: string
  readonly claims: readonly { readonly serial: string; readonly claim: string }[]
  /** Gateways that ask at once. */
  readonly atOnce: number
}

/** What it answers: `ready` once keys and requests are made, then how it went. */
export interface Told {
  readonly ready?: { readonly csrPems: readonly string[] }
  readonly done?: { readonly wallMs: number; readonly latenciesMs: readonly number[]; readonly refused: number }
}

/** A gateway's own keys and its request, as the agent makes them. */
function bodyOf({ serial, claim }: Order['claims'][number]): { text: string; csrPem: string } {
  const signing = signingKeyFromSeed(randomBytes(32))
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const csrPem = certificateRequest(createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' })))
  const proof = toHex(signing.sign(enrolmentProof(claim, serial)))
  return { text: JSON.stringify({ claim, serial, csrPem, signingKey: toHex(signing.publicKey), proof }), csrPem }
}

/** One enrolment over a connection of its own, as every gateway has. Yields whether it got in. */
function enrol({ port, caPem: ca }: Order, body: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, ca, method: 'POST', path: '/v1/enrol', agent: false } as const
    const outgoing = request(options, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode === 200))
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

async function run(order: Order, bodies: readonly string[]): Promise<Required<Told>['done']> {
  const waiting = [...bodies]
  const latenciesMs: number[] = []
  let refused = 0
  const from = performance.now()
  const one = async () => {
    for (let body = waiting.pop(); body !== undefined; body = waiting.pop()) {
      const begun = performance.now()
      if (!(await enrol(order, body))) refused++
      latenciesMs.push(performance.now() - begun)
    }
  }
  await Promise.all(Array.from({ length: order.atOnce }, one))
  return { wallMs: performance.now() - from, latenciesMs, refused }
}

const tell = (told: Told) => process.send?.(told)
let order: Order | undefined
let bodies: readonly { text: string; csrPem: string }[] = []
process.on('message', (message: Order | 'go') => {
  if (message !== 'go') {
    order = message
    bodies = order.claims.map(bodyOf)
    tell({ ready: { csrPems: bodies.map(({ csrPem }) => csrPem) } })
  } else if (order !== undefined) {
    const texts = bodies.map(({ text }) => text)
    void run(order, texts).then((done) => {
      tell({ done })
      process.disconnect()
    })
  }
})
