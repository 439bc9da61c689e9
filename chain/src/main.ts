import { runProgram } from '@wattfleet/protocol'
import { pino } from 'pino'
import { embeddedConfig } from './embedded/config.ts'
import { openEmbeddedChain } from './embedded/start.ts'

const ABOUT = `The embedded development chain: executes the real runtime in one process, and serves its RPC.
The configuration's fields are described in chain/src/embedded/config.ts; docs/node.md is about validators.`

await runProgram(embeddedConfig, ABOUT, async ({ config, clock, signal, ready }) => {
  const log = pino({ name: 'chain' })
  const running = await openEmbeddedChain(config, clock)
  running.chain.onBlock(({ block }) => {
    if (block.extrinsics.length > 1) log.info({ block: block.number, extrinsics: block.extrinsics.length - 1 }, 'block')
  })
  log.info({ port: running.port, head: running.chain.head().number }, 'serving')
  ready()
  try {
    await running.chain.produce(config.blockIntervalMs, signal, (fault) =>
      log.error({ err: fault }, 'a block could not be made'),
    )
  } finally {
    await running.stop()
  }
})
