import { Fault, readText } from '@wattfleet/protocol'
import { readRoots } from '../authority/folder.ts'
import {
  beginIssuing,
  installIssuing,
  nextIssuing,
  requestIssuing,
  rootInForce,
  switchIssuing,
  trustRoot,
  withdrawRoot,
} from '../authority/replace.ts'
import { fingerprintIn, nameOf } from '../authority/trust.ts'
import { serversBehind, serversUnder } from '../core/roots.ts'
import { authorityDir, openLedger } from '../office.ts'
import type { Store } from '../ports.ts'
import { behindOn, CA_EVENTS, ownServers, requireLost, serversIn, standingUnder } from '../roots.ts'
import { type Asked, argumentOf, type Command, type Commands, deedOf, onStore } from './command.ts'

const UNKNOWN_TO_GATEWAYS = 'gateways do not know the new root yet'
const UNKNOWN_TO_SERVERS = 'servers do not trust the new root yet (ca server and ca client tell them)'
const UNDER = 'servers have a certificate that goes back to this root (ca server and ca client make others)'
const LOSE = { lose: { type: 'string' } } as const

/** What an operator does with the CA on the computer that runs the fleet. */
export const caCommands: Commands = {
  'ca show': onStore(
    [],
    'roots that are trusted, the issuing CA, who does not know them yet, and who depends on them',
    (store, { config, nowMs }) => {
      const dir = authorityDir(config.stateDir)
      const inForce = rootInForce(dir)
      const servers = [...serversIn(store), ...ownServers(config.stateDir)]
      return readRoots(dir).map(({ fingerprint, certificate }) => ({
        ...{ root: fingerprint, name: nameOf(certificate), notAfter: dateOf(certificate.validTo) },
        issuing: fingerprint === inForce,
        behind: { ...behindOn(store, fingerprint, nowMs), servers: serversBehind(fingerprint, servers, nowMs) },
        under: {
          gateways: standingUnder(store, fingerprint, nowMs).length,
          servers: serversUnder(fingerprint, servers, nowMs),
        },
      }))
    },
  ),
  'ca request': onCa(
    [],
    'make the key of the next issuing CA, and the request for its certificate',
    async (dir, store, asked) => {
      const { csrPath, key } = await requestIssuing(dir, asked.config.utility)
      note(store, asked, CA_EVENTS.request, { key })
      return { request: csrPath, key }
    },
  ),
  'ca trust': onCa(['<root.pem>'], 'trust another root, beside those that are', (dir, store, asked) => {
    const { root, isNew } = trustRoot(dir, ...fileOf(asked), asked.nowMs)
    const isNoted = () =>
      store.audit.entries().some(({ event, detail }) => event === CA_EVENTS.trust && detail.root === root.fingerprint)
    // noted once it is handed out: what was written before does not know it
    if (isNew || !isNoted()) note(store, asked, CA_EVENTS.trust, { root: root.fingerprint })
    return {
      root: root.fingerprint,
      name: nameOf(root.certificate),
      behind: behindOn(store, root.fingerprint, asked.nowMs),
    }
  }),
  'ca install': onCa(['<certificate.pem>'], 'bring the certificate of the next issuing CA', (dir, store, asked) => {
    const certificate = installIssuing(dir, ...fileOf(asked), asked.nowMs)
    const { root } = nextIssuing(dir)
    note(store, asked, CA_EVENTS.install, { issuing: fingerprintIn(certificate), root: root.fingerprint })
    // nothing is there yet that could be cut off
    if (rootInForce(dir) === undefined) putInForce(dir, store, asked)
    return { ...shown(certificate), root: root.fingerprint, inForce: rootInForce(dir) === root.fingerprint }
  }),
  'ca begin': onCa(
    [],
    'let the next issuing CA issue for gateways already, so that they renew once; --lose <n> leaves so many servers behind',
    (dir, store, asked) => {
      const { certificate, root } = nextIssuing(dir)
      const servers = serversBehind(root.fingerprint, serversIn(store), asked.nowMs)
      requireLost({ [UNKNOWN_TO_SERVERS]: servers }, lostIn(asked))
      note(store, asked, CA_EVENTS.begin, { issuing: fingerprintIn(certificate), root: root.fingerprint })
      return shown(beginIssuing(dir).certificate)
    },
    LOSE,
  ),
  'ca switch': onCa(
    [],
    'put the next issuing CA in force, once everybody knows its root; --lose <n> leaves so many behind',
    (dir, store, asked) => {
      const { root } = nextIssuing(dir)
      const { gateways, claims } = behindOn(store, root.fingerprint, asked.nowMs)
      const servers = serversBehind(root.fingerprint, serversIn(store), asked.nowMs)
      const lost = { [UNKNOWN_TO_GATEWAYS]: [...gateways, ...claims], [UNKNOWN_TO_SERVERS]: servers }
      requireLost(lost, lostIn(asked))
      return shown(putInForce(dir, store, asked))
    },
    LOSE,
  ),
  'ca withdraw': onCa(
    ['<root>'],
    'trust a root no longer, once nobody stands under it; --lose <n> leaves so many behind',
    (dir, store, asked) => {
      const fingerprint = argumentOf(asked)
      if (readRoots(dir).some((one) => one.fingerprint === fingerprint)) {
        const servers = [...serversIn(store), ...ownServers(asked.config.stateDir)]
        const lost = {
          'gateways have a certificate that goes back to this root': standingUnder(store, fingerprint, asked.nowMs),
          [UNDER]: serversUnder(fingerprint, servers, asked.nowMs),
        }
        requireLost(lost, lostIn(asked))
      }
      const root = withdrawRoot(dir, fingerprint)
      note(store, asked, CA_EVENTS.withdraw, { root: root.fingerprint })
      return { withdrawn: nameOf(root.certificate) }
    },
    LOSE,
  ),
}

/** A command on the CA's folder and the store: also where there is no CA yet, which nothing here makes for development. */
function onCa(
  given: readonly string[],
  about: string,
  body: (dir: string, store: Store, asked: Asked) => unknown,
  options: Command['options'] = {},
): Command {
  return {
    ...{ arguments: given, about, options },
    async run(asked) {
      const store = openLedger(asked.config)
      try {
        return { value: await body(authorityDir(asked.config.stateDir), store, asked) }
      } finally {
        store.close()
      }
    },
  }
}

function putInForce(dir: string, store: Store, asked: Asked) {
  const { certificate, root } = nextIssuing(dir)
  // said before it is done: what is in force is never unsaid
  note(store, asked, CA_EVENTS.switch, { issuing: fingerprintIn(certificate), root: root.fingerprint })
  return switchIssuing(dir)
}

function note(store: Store, asked: Asked, event: string, detail: Record<string, unknown>): void {
  const deed = deedOf(asked)
  store.note(event, { ...deed, detail: { ...deed.detail, ...detail } })
}

/** The file that was named: its text, and its name for what is wrong with it. */
function fileOf(asked: Asked): [text: string, path: string] {
  const path = argumentOf(asked)
  return [readText(path), path]
}

function lostIn({ options: { lose = '0' } }: Asked): number {
  if (!/^[0-9]{1,7}$/.test(String(lose))) throw new Fault('config', `--lose: expected a number, got ${lose}`)
  return Number(lose)
}

type Certificate = Parameters<typeof fingerprintIn>[0]

function shown(certificate: Certificate) {
  return { issuing: fingerprintIn(certificate), name: nameOf(certificate), notAfter: dateOf(certificate.validTo) }
}

function dateOf(text: string): string {
  return new Date(text).toISOString()
}
