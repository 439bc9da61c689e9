import { Fault, toHex } from '@wattfleet/protocol'
import type { AuditAnchor } from '../core/audit.ts'
import { type Commands, onStore } from './command.ts'

/** Who did what, when, and whether the log of it is whole. */
export const auditCommands: Commands = {
  'audit list': onStore([], 'who did what, when', (store) =>
    store.audit.entries().map(({ number, hash, atMs, ...entry }) => ({
      ...{ number, at: new Date(atMs).toISOString(), ...entry },
      hash: toHex(hash),
    })),
  ),
  'audit head': onStore([], "the last entry's number and hash, to be written down elsewhere", (store) => {
    const head = store.audit.head()
    return head && { number: head.number, hash: toHex(head.hash), signature: toHex(head.signature) }
  }),
  'audit verify': {
    arguments: [],
    about: 'whether the log is whole; with --anchor <number>:<hash> whether what was written down is in it',
    options: { anchor: { type: 'string', multiple: true } },
    async run({ look, options: { anchor = [] } }) {
      const anchors = [anchor].flat().map((text) => anchorOf(String(text)))
      const verdict = look().audit.verify(anchors)
      return verdict.ok ? { value: verdict } : { value: verdict, fault: 'the audit log is not whole' }
    },
  },
}

function anchorOf(text: string): AuditAnchor {
  const [, number, hash] = /^([1-9][0-9]{0,14}):([0-9a-f]{64})$/.exec(text) ?? []
  if (number === undefined || hash === undefined) {
    throw new Fault('config', `--anchor: expected <number>:<64 hex digits>, got ${JSON.stringify(text)}`)
  }
  return { number: Number(number), hash }
}
