import { z } from 'zod'
import { encodePoint } from '../core/encode.ts'
import {
  CONTROL_NAMES,
  type Control,
  type ControlName,
  type ControlWrite,
  type DeviceModel,
  type ModelControls,
  type Point,
  type PointTable,
} from '../core/points.ts'

/* What a model's file may say of the set-points that can be written. */

const text = z.string().min(1)

const writeSchema = z.strictObject({
  point: text,
  to: z
    .union([z.number(), z.enum(['percent', 'timer'])])
    .describe('A figure in the point’s unit; percent: what is asked for; timer: the seconds that it may stand'),
  of: text.optional().describe('The point of whose figure it is a percentage, such as the battery’s rated power'),
})

const controlSchema = z.strictObject({
  requires: z
    .array(z.strictObject({ point: text, oneOf: z.array(z.union([z.number(), z.string()])).min(1) }))
    .min(1)
    .optional()
    .describe('What the installer has to have set: nothing is written before it is'),
  writes: z.array(writeSchema).min(1).describe('In this order: the device’s timer before, what puts it in force last'),
})

export const controlsSchema = z
  .partialRecord(z.enum(CONTROL_NAMES), controlSchema)
  .describe('Set-points that may be written where the operator allows it')

/** Controls as the writer wants them. Absent fields stay absent. */
export function controlsFrom(raw: z.infer<typeof controlsSchema>): ModelControls {
  return Object.fromEntries(
    Object.entries(raw).map(([name, { requires, writes }]): [string, Control] => [
      name,
      {
        ...(requires && { requires }),
        writes: writes.map(({ of, ...write }): ControlWrite => ({ ...write, ...(of !== undefined && { of }) })),
      },
    ]),
  )
}

/** What takes a set-point back. */
const takesBack = (name: ControlName): ControlName => (name.startsWith('battery') ? 'batteryAuto' : 'noPowerLimit')

/** Set-points that come with a percentage of the rated power. */
const WITH_PERCENT: readonly ControlName[] = [
  'powerLimit',
  'batteryCharge',
  'batteryChargeFromGrid',
  'batteryDischarge',
]

/** What is wrong with a figure that always goes into the same point. */
function figureFault(points: PointTable, name: string, { least, most, states }: Point, to: number): string | undefined {
  if (states !== undefined && states[to] === undefined) return `expected one of ${Object.keys(states).join(', ')}`
  if (to < (least ?? to) || to > (most ?? to)) return `expected ${least ?? ''} to ${most ?? ''}`
  try {
    const scaleFactor = points[name]?.scaleFactor
    encodePoint(points, name, { [name]: to, ...(scaleFactor && { [scaleFactor]: 0 }) })
    return undefined
  } catch {
    return 'expected a figure that fits the point'
  }
}

function writeFault(
  { points, kind }: Pick<DeviceModel, 'points' | 'kind'>,
  control: ControlName,
  { point: name, to, of }: ControlWrite,
): { readonly at: string; readonly text: string } | undefined {
  const point = points[name]
  if (point === undefined) return { at: 'point', text: `there is no point "${name}"` }
  if (point.as === 'string' || (point.kind ?? kind) !== 'holding') {
    return { at: 'point', text: 'expected a number in a holding register' }
  }
  if (of !== undefined && (points[of] === undefined || points[of].unit !== point.unit)) {
    return { at: 'of', text: `expected a point in ${point.unit ?? 'no unit'}, as "${name}" is` }
  }
  if (to === 'timer') {
    return point.unit === 's' && of === undefined ? undefined : { at: 'to', text: 'expected a timer in s' }
  }
  if (to === 'percent') {
    if (!WITH_PERCENT.includes(control)) return { at: 'to', text: 'expected a figure: it comes with no percentage' }
    return of !== undefined || point.unit === '%' ? undefined : { at: 'of', text: 'expected the point it is a part of' }
  }
  if (of !== undefined) return to >= 0 && to <= 100 ? undefined : { at: 'to', text: 'expected 0 to 100 %' }
  const text = figureFault(points, name, point, to)
  return text === undefined ? undefined : { at: 'to', text }
}

/** What is wrong with a model's controls, each as path and expectation. */
export function controlFaults(model: Pick<DeviceModel, 'points' | 'kind' | 'marks' | 'controls'>): string[] {
  const { points, marks, controls = {} } = model
  const all = Object.entries(controls) as [ControlName, Control][]
  if (all.length > 0 && marks.length === 0) {
    return ['marks: expected what tells this model from others, before anything is written to it']
  }
  const hasTimer = all.some(([, { writes }]) => writes.some(({ to }) => to === 'timer'))
  return all.flatMap(([name, { requires = [], writes }]) => {
    const path = `controls.${name}`
    const faults = writes.flatMap((write, i) => {
      const fault = writeFault(model, name, write)
      return fault === undefined ? [] : [`${path}.writes.${i}.${fault.at}: ${fault.text}`]
    })
    for (const [i, { point }] of requires.entries()) {
      if (points[point] === undefined) faults.push(`${path}.requires.${i}.point: there is no point "${point}"`)
    }
    const back = takesBack(name)
    if (controls[back] === undefined) faults.push(`${path}: expected a "${back}" that takes it back`)
    const timer = writes.findIndex(({ to }) => to === 'timer')
    if (hasTimer && back !== name && timer < 0) faults.push(`${path}.writes: expected the device’s timer among them`)
    if (timer === writes.length - 1) faults.push(`${path}.writes.${timer}: expected the timer before what it ends`)
    if (WITH_PERCENT.includes(name) && !writes.some(({ to }) => to === 'percent')) {
      faults.push(`${path}.writes: expected the percentage among them`)
    }
    return faults
  })
}
