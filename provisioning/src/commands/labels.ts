import { Fault, messageOf, PRIVATE_MODE, writeFileAtomic } from '@wattfleet/protocol'
import { LIFE_STATES, type LifeState } from '../core/life.ts'
import { labelsOf } from '../labels/labels.ts'
import { pdfOf } from '../labels/pdf.ts'
import { type Grid, sheetsOf, USUAL_GRID } from '../labels/sheet.ts'
import type { Store } from '../ports.ts'
import { type Asked, argumentOf, type Commands, onStore } from './command.ts'

/** No sheet has more: a label would be smaller than its code. */
const MOST_ACROSS = 20

/** What the installer scans. */
export const labelCommands: Commands = {
  labels: onStore(
    ['<out.pdf>'],
    'QR labels of the claims; --state expected, --serial <serial> (again and again), --household, --grid 3x8, --skip <used>',
    (store, asked) => {
      const { config, options, nowMs } = asked
      const { records, others } = chosen(store, asked)
      const household = options.household === true
      const { labels, without } = labelsOf(store, config.claimsDir, records, { nowMs, household })
      const pages = sheetsOf(labels, gridOf(asked), skipOf(asked))
      const path = argumentOf(asked)
      try {
        // whoever reads it can use the claims
        if (pages.length > 0) writeFileAtomic(path, pdfOf(pages), PRIVATE_MODE)
      } catch (error) {
        throw new Fault('store', `${path}: cannot be written: ${messageOf(error)}`, { cause: error })
      }
      return { labels: labels.length, pages: pages.length, without: [...without, ...others] }
    },
    {
      state: { type: 'string' },
      serial: { type: 'string', multiple: true },
      household: { type: 'boolean' },
      grid: { type: 'string' },
      skip: { type: 'string' },
    },
  ),
}

function stateOf({ options: { state = 'expected' } }: Asked): LifeState {
  const known = LIFE_STATES.find((one) => one === state)
  if (known === undefined) throw new Fault('config', `--state: expected ${LIFE_STATES.join(', ')}, got ${state}`)
  return known
}

/** The gateways that are meant; and those named that are in another state. Throws Fault `enrolment` for a serial of none. */
function chosen(store: Store, asked: Asked) {
  const state = stateOf(asked)
  const inState = store.sitesIn(state)
  const { serial } = asked.options
  if (serial === undefined) return { records: inState, others: [] }
  const named = [...new Set([serial].flat().map(String))]
  const unknown = named.filter((one) => store.siteBySerial(one) === undefined)
  if (unknown.length > 0) throw new Fault('enrolment', `no gateway has the serial ${unknown.join(', ')}`)
  const records = inState.filter((record) => named.includes(record.serial))
  const others = named
    .filter((one) => !records.some((record) => record.serial === one))
    .map((one) => ({ serial: one, reason: `it is ${store.siteBySerial(one)?.state}, not ${state}: --state chooses` }))
  return { records, others }
}

function gridOf({ options: { grid } }: Asked): Grid {
  if (grid === undefined) return USUAL_GRID
  const [, columns, rows] = (/^([0-9]{1,2})x([0-9]{1,2})$/.exec(String(grid)) ?? []).map(Number)
  const isGood = (count: number | undefined): count is number =>
    count !== undefined && count >= 1 && count <= MOST_ACROSS
  if (!isGood(columns) || !isGood(rows)) {
    throw new Fault('config', `--grid: expected <columns>x<rows>, such as 3x8, got ${grid}`)
  }
  return { columns, rows }
}

function skipOf({ options: { skip = '0' } }: Asked): number {
  if (!/^[0-9]{1,3}$/.test(String(skip))) throw new Fault('config', `--skip: expected a number of labels, got ${skip}`)
  return Number(skip)
}
