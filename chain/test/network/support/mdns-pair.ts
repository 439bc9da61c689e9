/*
 * Run inside a fresh network namespace: `unshare -Urn node mdns-pair.ts PROGRAM SPEC FOLDER`. Makes a second namespace
 * and a cable between the two, starts a node in each with no bootnode, and prints the peers of the first one as JSON
 * when there is one.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { jsonRpc } from './json-rpc.ts'
import { until } from './until.ts'

const FOUND_TIMEOUT_MS = 120_000
const [PROGRAM = '', SPEC = '', FOLDER = ''] = process.argv.slice(2)

const run = (...args: string[]) =>
  execFileSync(args[0] ?? '', args.slice(1), { stdio: ['ignore', 'inherit', 'inherit'] })

/** One end of the cable: up, with an address and the way of multicasts. */
function setUp(prefix: string[], link: string, address: string): void {
  run(...prefix, 'ip', 'link', 'set', 'lo', 'up')
  run(...prefix, 'ip', 'address', 'add', `${address}/24`, 'dev', link)
  run(...prefix, 'ip', 'link', 'set', link, 'up')
  run(...prefix, 'ip', 'route', 'add', '224.0.0.0/4', 'dev', link)
}

function startNode(prefix: string[], name: string, address: string): ChildProcess {
  const args = [
    ...['--chain', SPEC, '--base-path', join(FOLDER, name), '--name', name, '--no-telemetry', '--no-prometheus'],
    ...['--listen-addr', `/ip4/${address}/tcp/30333`, '--rpc-port', '9944'],
  ]
  const [first = PROGRAM, ...rest] = [...prefix, PROGRAM, ...args]
  return spawn(first, rest, { stdio: ['ignore', 'ignore', 'inherit'] })
}

// holds the second namespace open
const holder = spawn('unshare', ['--net', 'sleep', 'infinity'], { stdio: 'ignore' })
const children = [holder]
try {
  await once(holder, 'spawn')
  const own = readlinkSync('/proc/self/ns/net')
  await until('a second namespace', 5_000, async () => readlinkSync(`/proc/${holder.pid}/ns/net`) !== own)
  const there = ['nsenter', '--target', String(holder.pid), '--net']
  run('ip', 'link', 'add', 'wf0', 'type', 'veth', 'peer', 'name', 'wf1')
  run('ip', 'link', 'set', 'wf1', 'netns', String(holder.pid))
  setUp([], 'wf0', '10.77.0.1')
  setUp(there, 'wf1', '10.77.0.2')
  children.push(startNode([], 'here', '10.77.0.1'), startNode(there, 'there', '10.77.0.2'))
  const peers = await until('the other node', FOUND_TIMEOUT_MS, async () => {
    const found = await jsonRpc<unknown[]>(9944, 'system_peers', [])
    return found.length > 0 && found
  })
  process.stdout.write(`${JSON.stringify(peers)}\n`)
} finally {
  for (const child of children) child.kill('SIGKILL')
}
