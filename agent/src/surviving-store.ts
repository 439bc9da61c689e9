import { Fault, messageOf } from '@wattfleet/protocol'
import type { Log } from './ports.ts'

/** A store that is full or locked is tried again with the next turn; any other fault goes on. */
export async function survivingStore(log: Log, work: () => Promise<void> | void): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'store') throw error
    log.error({ error: messageOf(error) }, 'the store failed: nothing is signed until it works again')
  }
}
