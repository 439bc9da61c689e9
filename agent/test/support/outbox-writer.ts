import { writeSync } from 'node:fs'
import { openSqliteOutbox } from '../../src/adapters/sqlite-outbox.ts'
import { signer, testSeal } from './fixtures.ts'
import { energyDraft, orderDraft, receipt, trade } from './outbox-contract.ts'

/*
 * Writes to the outbox as fast as it can until it is killed. Each line on standard output is something the outbox said
 * was durable: `put <sequence> <hash>`, `done <hash>` or `notice <number>`.
 */
const [, , path = ''] = process.argv
const outbox = openSqliteOutbox(path, testSeal(), signer())
const say = (line: string) => writeSync(1, `${line}\n`)
say('open')
for (let turn = 0; ; turn++) {
  const nowMs = outbox.clockFloorMs() + 1
  for (const { sequence, hash } of outbox.commit({ drafts: [orderDraft(), energyDraft()], nowMs })) {
    say(`put ${sequence} ${hash}`)
  }
  const number = outbox.lastNotice() + 1
  outbox.hear([trade(number, { sequence: 1, energyWh: 1 })])
  say(`notice ${number}`)
  const [oldest] = outbox.pending(1)
  if (turn % 3 === 0 && oldest !== undefined) {
    outbox.hear([receipt(oldest)])
    say(`done ${oldest.hash}`)
  }
}
