import { Fault, messageOf, PRIVATE_MODE, writeFileAtomic } from '@wattfleet/protocol'
import { LIFE_STATES, type LifeState } from '../core/life.ts'
import { labelsOf } from '../labels/labels.ts'
import { pdfOf } from '../labels/pdf.ts'
import { type Grid, sheetsOf, USUAL_GRID } from '../labels/sheet.ts'
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
      const records = store.sitesIn(stateOf(asked)).filter(isWanted(asked))
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
      return { labels: labels.length, pages: pages.length, without }
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

function isWanted({ options: { serial } }: Asked): (record: { readonly serial: string }) => boolean {
  if (serial === undefined) return () => true
  const wanted = new Set([serial].flat().map(String))
  return (record) => wanted.has(record.serial)
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
