import type { EngineName } from './engine.ts'

export interface Difference {
  readonly outcome: string
  /** What makes up for it, or why it does not matter. */
  readonly madeUpBy: string
}

export interface Row {
  /** What the contract asks for. */
  readonly outcome: string
  readonly otherwise?: Readonly<Partial<Record<EngineName, Difference>>>
}

const HUB_CHECKS = 'hub and utility take nothing from a topic that does not follow the contract (`parseTopic`)'
const CA_GIVES_ROLES =
  'the CA gives every client certificate a role, and a name of that role’s form; the topics go by the name'
const READS_NOTHING = 'nothing that is not its own is delivered: rights are asked again at delivery'
const ONE_LIMIT =
  'one limit for all clients, a hub’s; the hub answers what is not a message of the contract with a receipt'
const SAME_ID = 'an id without a queue of its own: it cannot subscribe, and publishes only what its certificate may'

const cutInstead: Difference = {
  outcome: 'cut',
  madeUpBy: 'a refusal all the same; a gateway that keeps the contract never asks for it',
}
const silent: Difference = {
  outcome: 'dropped',
  madeUpBy: 'nobody gets it; its sender is told nothing, and no receipt comes',
}
const readsOnly: Difference = {
  outcome: 'granted, but only what it may read comes',
  madeUpBy: READS_NOTHING,
}

const notAllowedTo = (outcome = 'cut'): Row => ({ outcome, otherwise: { mosquitto: silent } })
const refusedFilter: Row = { outcome: 'refused', otherwise: { mosquitto: readsOnly, rabbitmq: cutInstead } }

/** Who is let in. */
const ADMISSION: Readonly<Record<string, Row>> = {
  'own certificate': { outcome: 'let in' },
  'no certificate': { outcome: 'refused' },
  'certificate of another CA': { outcome: 'refused' },
  'certificate of another CA of the same name': { outcome: 'refused' },
  'expired certificate': { outcome: 'refused' },
  'certificate of a server': { outcome: 'refused' },
  'certificate without a role': {
    outcome: 'refused',
    otherwise: {
      mosquitto: { outcome: 'let in', madeUpBy: CA_GIVES_ROLES },
      rabbitmq: { outcome: 'let in', madeUpBy: CA_GIVES_ROLES },
    },
  },
  'certificate with a name of no form': {
    outcome: 'refused',
    otherwise: { mosquitto: { outcome: 'let in', madeUpBy: `${CA_GIVES_ROLES}; ${HUB_CHECKS}` } },
  },
  'certificate issued after the start': {
    outcome: 'let in',
    otherwise: {
      rabbitmq: {
        outcome: 'refused',
        madeUpBy: 'every gateway is a user: generate again and `rabbitmqctl import_definitions`, which cuts nobody',
      },
    },
  },
  'plain TCP': { outcome: 'refused' },
  'TLS 1.2': { outcome: 'refused' },
  'MQTT 5': {
    outcome: 'refused',
    otherwise: { mosquitto: { outcome: 'let in', madeUpBy: 'the same rules hold; no part of Wattfleet speaks it' } },
  },
  'what is not MQTT': {
    outcome: 'cut',
    otherwise: { rabbitmq: { outcome: 'waits', madeUpBy: 'it is cut when the login time is over (10 s)' } },
  },
  'no keep-alive': {
    outcome: 'refused',
    otherwise: {
      mosquitto: {
        outcome: 'let in',
        madeUpBy: 'agent and hub ask for 30 s; `max_connections` bounds what dead ones hold',
      },
      rabbitmq: {
        outcome: 'let in',
        madeUpBy: 'agent and hub ask for 30 s; connections per user and in all are bounded',
      },
    },
  },
  'longer keep-alive than allowed': {
    outcome: 'refused',
    otherwise: {
      mosquitto: { outcome: 'let in', madeUpBy: '`max_keepalive` is for MQTT 5 only; agent and hub ask for 30 s' },
      rabbitmq: {
        outcome: 'let in',
        madeUpBy: 'agent and hub ask for 30 s; connections per user and in all are bounded',
      },
    },
  },
  'another client id': {
    outcome: 'refused',
    otherwise: {
      mosquitto: { outcome: 'let in under its own name', madeUpBy: 'the id it gives has no effect' },
      rabbitmq: { outcome: 'let in under that id', madeUpBy: SAME_ID },
    },
  },
  'empty client id': {
    outcome: 'refused',
    otherwise: {
      mosquitto: { outcome: 'let in under its own name', madeUpBy: 'the id it gives has no effect' },
      rabbitmq: { outcome: 'let in under that id', madeUpBy: SAME_ID },
    },
  },
  'client id of a connected gateway': {
    outcome: 'that gateway stays',
    otherwise: {
      rabbitmq: {
        outcome: 'that gateway is cut',
        madeUpBy: 'it comes back and loses nothing; RabbitMQ 3.10 cannot bind a client id to a certificate',
      },
    },
  },
  'session of another gateway': { outcome: 'untouched' },
  'second connection of one identity': { outcome: 'the newer takes over' },
  'revoked certificate, connecting': { outcome: 'refused' },
  'revoked certificate, connected': {
    outcome: 'cut',
    otherwise: {
      mosquitto: {
        outcome: 'stays, and is not heard',
        madeUpBy: 'its name has no rights after a reload (`--revoked`); a restart cuts it, and sessions outlive that',
      },
    },
  },
  'revoked certificate, after a restart': { outcome: 'refused' },
}

/** Who may do what with which topics. */
const TOPICS: Readonly<Record<string, Row>> = {
  'gateway publishes its own up topics': { outcome: 'delivered' },
  'gateway publishes another’s up topics': notAllowedTo(),
  'gateway publishes its own down topics': notAllowedTo(),
  'gateway publishes another’s down topics': notAllowedTo(),
  'gateway publishes in a partition that is not its own': {
    outcome: 'cut',
    otherwise: { mosquitto: { outcome: 'delivered', madeUpBy: HUB_CHECKS } },
  },
  'gateway publishes a kind that does not exist': notAllowedTo(),
  'hub publishes down topics': { outcome: 'delivered' },
  'hub publishes up topics': notAllowedTo(),
  'utility publishes configuration and commands': { outcome: 'delivered' },
  'utility publishes what is a hub’s': notAllowedTo(),
  'gateway subscribes to its own down topics': { outcome: 'granted' },
  'gateway subscribes to its own with +': refusedFilter,
  'gateway subscribes to its own with #': refusedFilter,
  'gateway subscribes to another’s': refusedFilter,
  'gateway subscribes to everybody’s': refusedFilter,
  'gateway subscribes to the broker’s own topics': refusedFilter,
  'gateway subscribes in a shared group': refusedFilter,
  'hub subscribes to up topics': { outcome: 'granted' },
  'hub subscribes to more': refusedFilter,
  'utility subscribes to status': { outcome: 'granted' },
  'utility subscribes to orders': refusedFilter,
}

/** How much one client may send. */
const LIMITS: Readonly<Record<string, Row>> = {
  'packet of 8 KiB or more by a gateway': {
    outcome: 'cut',
    otherwise: {
      mosquitto: { outcome: 'delivered', madeUpBy: ONE_LIMIT },
      rabbitmq: { outcome: 'delivered', madeUpBy: ONE_LIMIT },
    },
  },
  'packet longer than a hub’s': { outcome: 'cut', otherwise: { rabbitmq: silent } },
  'packet that claims 256 MB before the client has said who it is': {
    outcome: 'cut',
    otherwise: {
      rabbitmq: {
        outcome: 'waits for it',
        madeUpBy: 'only certificates of the CA get so far, and it is cut when the login time is over (10 s)',
      },
    },
  },
  'QoS 2 by a gateway': {
    outcome: 'cut',
    otherwise: {
      rabbitmq: { outcome: 'delivered', madeUpBy: 'as QoS 1; every message may come twice and is known by its id' },
    },
  },
  'more than its rate by one gateway': {
    outcome: 'slowed down to it, nothing is lost',
    otherwise: {
      mosquitto: {
        outcome: 'taken as it comes',
        madeUpBy: 'no rate for one client; the hub’s own cap answers with receipts',
      },
      rabbitmq: {
        outcome: 'taken as it comes',
        madeUpBy: 'no rate for one client, only flow control for all; the hub’s own cap answers with receipts',
      },
    },
  },
}

/** What is kept and in what order it comes. */
const DELIVERY: Readonly<Record<string, Row>> = {
  'orders to a hub': { outcome: 'all, once, in order' },
  'what came while a gateway was away': { outcome: 'all, once, in order' },
  'what waits, when the broker is restarted': {
    outcome: 'kept',
  },
  'what waits, when the broker is killed a second later': {
    outcome: 'kept',
    otherwise: {
      mosquitto: {
        outcome: 'lost',
        madeUpBy: 'what came since it was last written, 10 s; receipts and notices are sent again',
      },
    },
  },
  'more waits for one gateway than its queue takes': {
    outcome: 'the oldest are kept',
    otherwise: {
      mosquitto: {
        outcome: 'all are kept',
        madeUpBy: 'one limit for all sessions, a hub’s (10,000); a session ends after 30 days',
      },
      rabbitmq: {
        outcome: 'the newest are kept',
        madeUpBy:
          'refusing the newest would leave the hub without its acknowledgement; what is lost is asked for again',
      },
    },
  },
  'unacknowledged messages under way to one gateway': {
    outcome: '20',
  },
  'will on an own topic': { outcome: 'sent' },
  'will on another’s topic': {
    outcome: 'refused',
    otherwise: {
      mosquitto: { outcome: 'not sent', madeUpBy: 'rights are asked when it would be sent' },
      rabbitmq: { outcome: 'not sent', madeUpBy: 'rights are asked when it would be sent' },
    },
  },
  'retained message of a gateway': {
    outcome: 'cut',
    otherwise: {
      rabbitmq: { outcome: 'taken, not kept', madeUpBy: 'delivered to who listens and stored nowhere' },
    },
  },
}

const SECTIONS = {
  'Who is let in': ADMISSION,
  'Who may do what with which topics': TOPICS,
  'How much one client may send': LIMITS,
  'What is kept': DELIVERY,
} as const

/** By case: what each engine does. The suite asks every engine, docs/broker-engines.md shows it. */
export const TABLE: Readonly<Record<string, Row>> = { ...ADMISSION, ...TOPICS, ...LIMITS, ...DELIVERY }

/** What this engine is expected to do. */
export function expected(name: string, engine: EngineName): string | undefined {
  const row = TABLE[name]
  return row?.otherwise?.[engine]?.outcome ?? row?.outcome
}

/** The table in Markdown, a section for each part. */
export function tableMarkdown(): string {
  return Object.entries(SECTIONS)
    .map(([title, rows]) => {
      const lines = Object.entries(rows).map(([name, row]) => lineOf(name, row))
      return `### ${title}\n\n| case | embedded | embedded on Redis | Mosquitto 2.0 | RabbitMQ 3.10 |\n|---|---|---|---|---|\n${lines.join('\n')}\n`
    })
    .join('\n')
}

function lineOf(name: string, { outcome, otherwise = {} }: Row): string {
  const cell = (engine: EngineName) => {
    const difference = otherwise[engine]
    return difference === undefined ? outcome : `**${difference.outcome}**: ${difference.madeUpBy}`
  }
  return `| ${name} | ${cell('aedes')} | ${cell('redis')} | ${cell('mosquitto')} | ${cell('rabbitmq')} |`
}
