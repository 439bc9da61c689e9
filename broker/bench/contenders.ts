import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'

/** Certificate and key of the broker, and where it may write. */
export interface Place {
  readonly dir: string
  readonly port: number
  readonly caPath: string
  readonly certPath: string
  readonly keyPath: string
}

export interface Contender {
  readonly name: string
  start(place: Place): Promise<() => Promise<void>>
}

/** What a thousand gateways send together comes from a few here: the rate of each is not what is measured. */
const NO_RATES = { messagesPerSecond: 1e6, messageBurst: 1e6, bytesPerSecond: 1e9, byteBurst: 1e9 }
const QUIET = { silent: true, execArgv: ['--disable-warning=ExperimentalWarning'] }

async function ended(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

const ours = (name: string, isDurable: boolean): Contender => ({
  name,
  async start({ dir, ...place }) {
    const stateDir = join(dir, 'state')
    rmSync(stateDir, { recursive: true, force: true })
    const path = join(dir, 'broker.json')
    const config = { ...place, logLevel: 'error', limits: NO_RATES, ...(isDurable && { stateDir }) }
    writeFileSync(path, JSON.stringify(config))
    const child = fork(join(import.meta.dirname, '../src/main.ts'), ['--config', path], QUIET)
    await once(child, 'message')
    return () => ended(child)
  },
})

const BARE: Contender = {
  name: 'bare aedes',
  async start({ port, caPath, certPath, keyPath }) {
    const script = join(import.meta.dirname, 'bare-aedes.ts')
    const child = fork(script, [String(port), caPath, certPath, keyPath], QUIET)
    await once(child, 'message')
    return () => ended(child)
  },
}

const MOSQUITTO: Contender = {
  name: 'mosquitto',
  async start({ dir, port, caPath, certPath, keyPath }) {
    const path = join(dir, 'mosquitto.conf')
    const lines = [
      ...[`listener ${port} 127.0.0.1`, `cafile ${caPath}`, `certfile ${certPath}`, `keyfile ${keyPath}`],
      ...['require_certificate true', 'use_identity_as_username true', 'tls_version tlsv1.3', 'persistence false'],
      ...['max_queued_messages 0', 'user root'],
    ]
    writeFileSync(path, `${lines.join('\n')}\n`)
    const child = spawn('mosquitto', ['-c', path], { stdio: 'ignore' })
    await listening(port)
    return () => ended(child)
  },
}

async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await Promise.race([
      once(socket, 'connect').then(
        () => true,
        () => false,
      ),
    ])
    socket.destroy()
    if (isOpen) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`nobody listens on ${port}`)
}

/** Those that are here: mosquitto may be missing. */
export function contenders(): readonly Contender[] {
  const all = [ours('ours, in memory', false), ours('ours, sessions on disk', true), BARE]
  try {
    execFileSync('mosquitto', ['-h'], { stdio: 'ignore' })
  } catch (error) {
    // its help exits with 3
    if ((error as { code?: string }).code === 'ENOENT') return all
  }
  return [...all, MOSQUITTO]
}
