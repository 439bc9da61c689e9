import { sealDown, signingKeyFromSeed, toHex } from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import { createInbox, INBOX_LIMIT } from '../src/inbox.ts'

const HUB = signingKeyFromSeed(new Uint8Array(32).fill(3))
const [OWN, OTHER] = ['aa'.repeat(32), 'bb'.repeat(32)]
const inbox = () => createInbox(HUB.publicKey, OWN)
const balance = (gateway: string, number = 1) => sealDown({ gateway, number, freeNano: '10', lockedNano: '0' }, HUB)

describe('what the hub said', () => {
  it('is believed when it is signed by the hub and names this gateway', () => {
    const own = inbox()
    expect(own.take('balance', balance(OWN))).toBe('taken')
    expect(own.drain()).toEqual([{ kind: 'balance', value: { number: 1, freeNano: 10n, lockedNano: 0n } }])
    expect(own.drain()).toEqual([])
  })

  it.each([
    ['names another gateway', balance(OTHER)],
    ['names none', sealDown({ number: 1, freeNano: '10', lockedNano: '0' }, HUB)],
    ['is signed by somebody else', sealDown({ gateway: OWN, number: 1 }, signingKeyFromSeed(new Uint8Array(32)))],
    ['is no JSON', Buffer.from('{')],
  ])('is not believed when it %s', (_, payload) => {
    const own = inbox()
    expect(own.take('balance', payload)).toBe('unreadable')
    expect(own.drain()).toEqual([])
  })

  it('of a receipt is bound by the hash of the message, whoever hears it', () => {
    const hash = toHex(new Uint8Array(32))
    expect(inbox().take('receipt', sealDown({ hash, ok: true }, HUB))).toBe('taken')
  })

  it('is bounded', () => {
    const own = inbox()
    for (let i = 0; i < INBOX_LIMIT; i++) own.take('balance', balance(OWN))
    expect(own.take('balance', balance(OWN))).toBe('full')
  })
})
