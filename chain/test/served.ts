import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ApiPromise, WsProvider } from '@polkadot/api'
import type { SubmittableExtrinsic } from '@polkadot/api/types'
import { manualClock } from '@wattfleet/protocol'
import WebSocket from 'ws'
import { type Account, accountFromSeed } from '../src/client/account.ts'
import type { EmbeddedConfig } from '../src/embedded/config.ts'
import { openEmbeddedChain, type RunningChain } from '../src/embedded/start.ts'
import type { StoredBlock } from '../src/embedded/store.ts'
import { configFor, everyRole, hex32, START_S } from './fixture.ts'

/** A real embedded chain on a free port, with one endowed account that has every role and is the council. Blocks are made by hand. */
export interface ServedChain {
  readonly running: RunningChain
  readonly url: string
  readonly config: EmbeddedConfig
  readonly account: Account
  /** 32 bytes, the account's */
  readonly seed: Uint8Array
  block(): Promise<StoredBlock>
  stop(): Promise<void>
}

export async function servedChain(): Promise<ServedChain> {
  const stateDir = mkdtempSync(join(tmpdir(), 'wattfleet-served-'))
  const seed = randomBytes(32)
  const account = accountFromSeed(seed)
  const plain = configFor(stateDir, hex32(), everyRole(account))
  const config: EmbeddedConfig = { ...plain, genesis: { ...plain.genesis, council: [account.id] } }
  const clock = manualClock(START_S * 1000)
  const running = await openEmbeddedChain(config, clock)
  return {
    running,
    url: `ws://127.0.0.1:${running.port}`,
    config,
    account,
    seed,
    async block() {
      await clock.advance(6_000)
      return running.chain.makeBlock()
    },
    async stop() {
      await running.stop()
      rmSync(stateDir, { recursive: true, force: true })
    },
  }
}

type Extrinsic = SubmittableExtrinsic<'promise'> | undefined
type CallOf = (tx: ApiPromise['tx']) => Extrinsic

/** Signs extrinsics of the chain's account without sending them. */
export interface ExtrinsicSigner {
  readonly api: ApiPromise
  sign(nonce: number, call: CallOf): Promise<string>
  /**
   * What the council carries out as root, with this nonce and the next: its only member's motion puts the call's hash on the
   * whitelist, and then it carries the call itself out.
   */
  signAsRoot(nonce: number, call: CallOf): Promise<readonly [string, string]>
  close(): Promise<void>
}

export async function extrinsicSigner({ url, running, account }: ServedChain): Promise<ExtrinsicSigner> {
  const api = await ApiPromise.create({ provider: new WsProvider(url) as never, noInitWarn: true })
  const sign = async (nonce: number, extrinsic: Extrinsic) => {
    const { hash, number } = running.chain.head()
    if (extrinsic === undefined) throw new Error('the runtime has no such call')
    const era = api.createType('ExtrinsicEra', { current: number, period: 64 })
    const { genesisHash, runtimeVersion } = api
    return extrinsic.sign(account.pair, { blockHash: hash, era, genesisHash, nonce, runtimeVersion }).toHex()
  }
  return {
    api,
    sign: (nonce, call) => sign(nonce, call(api.tx)),
    async signAsRoot(nonce, call) {
      const { council, whitelist } = api.tx
      const asked = call(api.tx)
      const allowed = asked && whitelist?.whitelistCall?.(asked.method.hash)
      const motion = allowed && council?.propose?.(1, allowed, allowed.method.encodedLength)
      const dispatched = asked && whitelist?.dispatchWhitelistedCallWithPreimage?.(asked)
      const carriedOut = dispatched && council?.execute?.(dispatched, dispatched.method.encodedLength)
      return [await sign(nonce, motion), await sign(nonce + 1, carriedOut)]
    },
    close: () => api.disconnect(),
  }
}

export interface Message {
  readonly id?: unknown
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string; readonly data?: string }
  readonly method?: string
  readonly params?: { readonly subscription: string; readonly result: unknown }
}

/** A WebSocket and nothing else: every message in the order in which it came. */
export interface RawClient {
  readonly socket: WebSocket
  /** Sends a request and yields its answer. */
  ask(method: string, ...params: unknown[]): Promise<Message>
  /** The result of a request; throws where there is an error. */
  result<T>(method: string, ...params: unknown[]): Promise<T>
  /** Sends a text as it is, and yields the next message that is no subscription's. */
  say(text: string): Promise<Message | Message[]>
  /** The first message of all that fits, come already or yet to come. */
  find(fits: (message: Message) => boolean): Promise<Message>
  readonly messages: (Message | Message[])[]
  close(): Promise<void>
}

export async function rawClient(url: string): Promise<RawClient> {
  const socket = new WebSocket(url)
  const messages: (Message | Message[])[] = []
  const waiting = new Set<() => void>()
  socket.on('message', (data) => {
    messages.push(JSON.parse(String(data)) as Message | Message[])
    for (const wake of waiting) wake()
  })
  await once(socket, 'open')

  const from = async <T>(at: number, pick: (message: Message | Message[]) => T | undefined): Promise<T> => {
    let next = at
    for (;;) {
      for (; next < messages.length; next += 1) {
        const picked = pick(messages[next] as Message)
        if (picked !== undefined) return picked
      }
      await new Promise<void>((resolve) => {
        const wake = () => {
          waiting.delete(wake)
          resolve()
        }
        waiting.add(wake)
      })
    }
  }

  let lastId = 0
  const client: RawClient = {
    socket,
    messages,
    ask(method, ...params) {
      lastId += 1
      const id = lastId
      socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }))
      return client.find((message) => message.id === id)
    },
    async result<T>(method: string, ...params: unknown[]) {
      const { result, error } = await client.ask(method, ...params)
      if (error !== undefined) throw new Error(`${method}: ${JSON.stringify(error)}`)
      return result as T
    },
    say(text) {
      const at = messages.length
      socket.send(text)
      return from(at, (message) => (!Array.isArray(message) && message.method !== undefined ? undefined : message))
    },
    find: (fits) => from(0, (message) => (!Array.isArray(message) && fits(message) ? message : undefined)),
    async close() {
      if (socket.readyState === socket.CLOSED) return
      const closed = once(socket, 'close')
      socket.close()
      await closed
    },
  }
  return client
}
