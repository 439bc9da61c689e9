import { resolve } from 'node:path'
import { openExchange } from '@wattfleet/chain'
import { EXIT, Fault, messageOf } from '@wattfleet/protocol'
import { auditFunds, onceResult } from './once.ts'
import { parseOptions, type StreetOptions, USAGE } from './options.ts'
import { chainEndpoint } from './plan.ts'
import { showStreet } from './show.ts'
import { startStreet } from './street.ts'
import { createTerminal, type Terminal } from './terminal.ts'
import { createLedger, missingStep } from './totals.ts'

/** `--once` is content with three trades, and gives up after so long. */
const ENOUGH_SETTLED = 3
const ONCE_TIMEOUT_MS = 300_000

const ROOT = resolve(import.meta.dirname, '..', '..')

async function run(options: StreetOptions, terminal: Terminal, stop: AbortController): Promise<number> {
  const begunMs = Date.now()
  const { signal } = stop
  const seconds = () => `${((Date.now() - begunMs) / 1000).toFixed(1).padStart(5)} s`
  const event = (text: string) => terminal.line(`${seconds()}  ${text}`)
  const ledger = createLedger()
  let firstSettledMs: number | undefined
  let timedOut = false
  const timer = options.once
    ? setTimeout(() => {
        timedOut = true
        stop.abort()
      }, ONCE_TIMEOUT_MS)
    : undefined

  const street = await startStreet(options, ROOT, event, event, signal)
  const exchange = openExchange([chainEndpoint(options)], signal)
  try {
    // what was stored by earlier runs is summed, but is no news
    await exchange.queries()
    const history = exchange.finalizedBlock() ?? 0
    let settledBefore = 0
    let isCaughtUp = false
    terminal.line('')
    event(`the street trades: http://${options.host}:${options.httpPort}   (Ctrl-C stops it)`)
    const showing = showStreet({ options, terminal, ledger, isCaughtUp: () => isCaughtUp, event, signal })
    await exchange.blocks.follow(
      0,
      (block) => {
        ledger.add(block)
        const now = ledger.totals()
        if (block.number <= history) {
          settledBefore = now.settled
          isCaughtUp = block.number === history
          return
        }
        if (now.settled > settledBefore) firstSettledMs ??= Date.now() - begunMs
        if (options.once && now.settled >= settledBefore + ENOUGH_SETTLED && ledger.isEven()) stop.abort()
      },
      signal,
    )
    await showing
    const totals = ledger.totals()
    if (!options.once) return EXIT.ok
    if (timedOut || totals.settled < settledBefore + ENOUGH_SETTLED) {
      const why = timedOut ? `not done after ${ONCE_TIMEOUT_MS / 1000} s` : 'stopped'
      process.stderr.write(`${why}: ${missingStep(totals, street.houses.length)}\n`)
      return EXIT.fault
    }
    await auditFunds(ledger, await exchange.queries())
    process.stdout.write(`${JSON.stringify(onceResult(totals, firstSettledMs ?? 0))}\n`)
    return EXIT.ok
  } finally {
    if (!options.once) event('stopping')
    clearTimeout(timer)
    const closing = exchange.close()
    await street.stop()
    await closing
    if (!options.once) event(`stopped; what is kept in ${options.stateDir} goes on with the next start`)
  }
}

async function main(): Promise<number> {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort())
  try {
    const options = parseOptions(process.argv.slice(2))
    if (options === undefined) {
      process.stdout.write(USAGE)
      return EXIT.ok
    }
    // with --once standard output is for the result
    const output = options.once ? { write: process.stderr.write.bind(process.stderr) } : process.stdout
    const stateDir = resolve(process.env.INIT_CWD ?? process.cwd(), options.stateDir)
    return await run({ ...options, stateDir }, createTerminal(output), stop)
  } catch (error) {
    if (stop.signal.aborted && error instanceof Fault) return EXIT.ok
    process.stderr.write(`${messageOf(error)}\n`)
    if (!(error instanceof Fault) && error instanceof Error) process.stderr.write(`${error.stack}\n`)
    return error instanceof Fault && error.code === 'config' ? EXIT.config : EXIT.fault
  }
}

process.exitCode = await main()
// whatever a library still holds open does not keep the street's parent alive
process.exit()
