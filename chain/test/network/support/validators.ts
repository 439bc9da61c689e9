import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../../../../test-support/ports.ts'
import { NAMES } from './community.ts'
import { jsonRpc } from './json-rpc.ts'
import { command, nodeProgram, RUNTIME } from './program.ts'
import { until } from './until.ts'

/** Every node can be found through one of these, so that one of them may be dead. */
const BOOTNODES = 2
const START_TIMEOUT_MS = 60_000
/** Of a node's log, in the message of a failure. */
const LOG_TAIL_LINES = 15

export interface Heads {
  readonly best: number
  readonly finalized: number
}

/** Validators on loopback: real processes, on free ports, in a temporary folder. They are numbered from 0. */
export interface Validators {
  readonly program: string
  /** The chain's specification, raw. */
  readonly spec: string
  readonly rpcPort: (index: number) => number
  readonly prometheusPort: (index: number) => number
  readonly basePath: (index: number) => string
  /** Starts one, and resolves when it answers. */
  start(index: number): Promise<void>
  /** SIGKILL: it finishes nothing. Resolves when the process is gone. */
  kill(index: number): Promise<void>
  /** SIGTERM: it closes its database. Resolves when the process is gone. */
  end(index: number): Promise<void>
  rpc<T>(index: number, method: string, ...params: unknown[]): Promise<T>
  heads(index: number): Promise<Heads>
  /** The hash of the block with this number on the best chain. */
  hashAt(index: number, number: number): Promise<string>
  /** The number of the finalized block that holds the extrinsic, looked for from a number on. */
  finalizedWith(index: number, extrinsic: string, from: number): Promise<number | undefined>
  /** `until`, which fails at once where a node that should run has ended by itself. */
  until<T>(what: string, timeoutMs: number, condition: () => Promise<T | undefined | false>): Promise<T>
  /** Kills all and removes the folder. */
  stop(): Promise<void>
}

interface Options {
  readonly count: number
  readonly preset: string
  /** What differs from the preset, as `--patch` takes it: lists replace lists. */
  readonly patch?: object
  /** More arguments for one of them. */
  readonly args?: (index: number) => readonly string[]
}

interface Node {
  readonly p2pPort: number
  readonly rpcPort: number
  readonly prometheusPort: number
  readonly folder: string
  readonly keyFile: string
  readonly log: string
  process?: ChildProcess | undefined
}

/** Makes the chain and the nodes' keys; starts nothing. */
export async function makeValidators({ count, preset, patch, args = () => [] }: Options): Promise<Validators> {
  const program = nodeProgram()
  const dir = mkdtempSync(join(tmpdir(), 'wattfleet-network-'))
  const nodes = await makeNodes(dir, count)
  const peers = await Promise.all(nodes.map(({ keyFile }) => makeNodeKey(program, keyFile)))
  const bootnodes = nodes
    .slice(0, BOOTNODES)
    .map(({ p2pPort }, index) => `/ip4/127.0.0.1/tcp/${p2pPort}/p2p/${peers[index]}`)
  const spec = join(dir, 'chain.json')
  const chain = ['--id', `test-${preset}`, '--chain-type', 'local', ...bootnodes.flatMap((at) => ['--bootnode', at])]
  await makeSpec(program, preset, patch, [...chain, '--raw', '--output', spec], dir)
  await Promise.all(nodes.map(({ folder }, index) => insertKeys(program, spec, folder, NAMES[index] ?? '')))

  const nodeAt = (index: number): Node => {
    const node = nodes[index]
    if (node === undefined) throw new Error(`there is no validator ${index}`)
    return node
  }
  const killAll = () => {
    for (const { process: child } of nodes) child?.kill('SIGKILL')
  }
  process.once('exit', killAll)
  const rpc = <T>(index: number, method: string, ...params: unknown[]) =>
    jsonRpc<T>(nodeAt(index).rpcPort, method, params)
  const numberOf = async (index: number, hash?: string) =>
    Number((await rpc<{ number: string }>(index, 'chain_getHeader', ...(hash === undefined ? [] : [hash]))).number)

  const validators: Validators = {
    program,
    spec,
    rpcPort: (index) => nodeAt(index).rpcPort,
    prometheusPort: (index) => nodeAt(index).prometheusPort,
    basePath: (index) => nodeAt(index).folder,
    async start(index) {
      const node = nodeAt(index)
      if (node.process !== undefined) throw new Error(`validator ${index} runs already`)
      node.process = launch(program, spec, node, ['--name', NAMES[index] ?? '', ...args(index)])
      await validators.until(`validator ${index} answers`, START_TIMEOUT_MS, () => rpc(index, 'system_chain'))
    },
    kill: (index) => endProcess(nodeAt(index), 'SIGKILL'),
    end: (index) => endProcess(nodeAt(index), 'SIGTERM'),
    rpc,
    async heads(index) {
      const finalized = await numberOf(index, await rpc<string>(index, 'chain_getFinalizedHead'))
      return { best: await numberOf(index), finalized }
    },
    hashAt: (index, number) => rpc<string>(index, 'chain_getBlockHash', number),
    async finalizedWith(index, extrinsic, from) {
      const { finalized } = await validators.heads(index)
      for (let number = from; number <= finalized; number += 1) {
        const hash = await validators.hashAt(index, number)
        const { block } = await rpc<{ block: { extrinsics: string[] } }>(index, 'chain_getBlock', hash)
        if (block.extrinsics.includes(extrinsic)) return number
      }
      return undefined
    },
    async until(what, timeoutMs, condition) {
      const allRun = () => {
        const ended = nodes.findIndex(({ process: child }) => child !== undefined && hasEnded(child))
        if (ended >= 0) throw new Error(`validator ${ended} ended by itself while waiting: ${what}`)
      }
      try {
        return await until(what, timeoutMs, condition, allRun)
      } catch (cause) {
        throw new Error(`${cause instanceof Error ? cause.message : String(cause)}\n${tails(nodes)}`, { cause })
      }
    },
    async stop() {
      await Promise.all(nodes.map((node) => endProcess(node, 'SIGKILL')))
      process.off('exit', killAll)
      rmSync(dir, { recursive: true, force: true })
    },
  }
  return validators
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null

/** The chain's specification from a preset of the runtime, and what differs from it. */
async function makeSpec(program: string, preset: string, patch: object | undefined, rest: string[], dir: string) {
  const from = ['export-chain-spec', '--runtime', RUNTIME, '--preset', preset]
  if (patch !== undefined) {
    const file = join(dir, 'patch.json')
    writeFileSync(file, JSON.stringify(patch))
    from.push('--patch', file)
  }
  await command(program, [...from, ...rest])
}

async function makeNodes(dir: string, count: number): Promise<Node[]> {
  const ports = await freePorts(3 * count)
  return Array.from({ length: count }, (_, index) => {
    const [p2pPort = 0, rpcPort = 0, prometheusPort = 0] = ports.slice(3 * index)
    const folder = join(dir, `node-${index}`)
    mkdirSync(folder)
    return { p2pPort, rpcPort, prometheusPort, folder, keyFile: join(dir, `node-${index}.key`), log: `${folder}.log` }
  })
}

/** The peer's id. */
async function makeNodeKey(program: string, file: string): Promise<string> {
  const { stderr } = await command(program, ['key', 'generate-node-key', '--file', file])
  return stderr.trim()
}

async function insertKeys(program: string, spec: string, folder: string, name: string): Promise<void> {
  const keys = [
    ['aura', 'sr25519'],
    ['gran', 'ed25519'],
  ] as const
  for (const [type, scheme] of keys) {
    const where = ['--chain', spec, '--base-path', folder]
    await command(program, ['key', 'insert', ...where, '--key-type', type, '--scheme', scheme, '--suri', `//${name}`])
  }
}

function launch(program: string, spec: string, node: Node, more: readonly string[]): ChildProcess {
  const log = openSync(node.log, 'a')
  const args = [
    ...['--chain', spec, '--base-path', node.folder, '--validator', ...more],
    ...['--node-key-file', node.keyFile, '--listen-addr', `/ip4/127.0.0.1/tcp/${node.p2pPort}`, '--no-mdns'],
    ...['--rpc-port', String(node.rpcPort), '--prometheus-port', String(node.prometheusPort), '--no-telemetry'],
  ]
  const child = spawn(program, args, { stdio: ['ignore', log, log] })
  closeSync(log)
  return child
}

async function endProcess(node: Node, signal: NodeJS.Signals): Promise<void> {
  const child = node.process
  node.process = undefined
  if (child === undefined || hasEnded(child)) return
  const exit = once(child, 'exit')
  child.kill(signal)
  await exit
}

function tails(nodes: readonly Node[]): string {
  return nodes
    .map(({ log }, index) => {
      let lines: string[] = []
      try {
        lines = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES)
      } catch {
        // it was never started
      }
      return [`-- validator ${index}`, ...lines].join('\n')
    })
    .join('\n')
}
