import { z } from 'zod'

/*
 * Faults as data: what goes wrong, at which device, and when. Times are milliseconds from the moment at which the fault is
 * given (the start, or its POST); without any it holds from then on, for every request.
 */

/** A day and a half: longer than any test, and well inside what a timer takes. */
const LONGEST_MS = 131_072_000
/** The longest reply delay: ten minutes is far beyond any client's time-out. */
const LONGEST_DELAY_MS = 600_000
/** More bytes than any frame has. */
const MOST_BYTES = 512

const durationMs = z.number().min(0).max(LONGEST_MS)
const delayMs = z.number().min(0).max(LONGEST_DELAY_MS)
const byte = z.int().min(0).max(255)
const name = z.string().min(1)
const points = z.array(name).min(1)

/** From `afterMs` on, for `forMs`; with `repeatMs` again and again at that distance. */
const window = {
  afterMs: durationMs.optional().describe('Begins so long after the fault was given'),
  forMs: durationMs.positive().optional().describe('Holds so long; without it for good'),
  repeatMs: durationMs.positive().optional().describe('Begins again so often'),
}
/** Which requests in that time. */
const when = {
  ...window,
  probability: z.number().gt(0).max(1).optional().describe('Of a request to be hit; drawn from the seed'),
  every: z.int().min(1).max(1_000_000).optional().describe('Only each so many-th request is hit'),
}

const fault = <K extends string, S extends z.ZodRawShape>(kind: K, parameters: S) =>
  z.strictObject({ kind: z.literal(kind), device: name, ...when, ...parameters })

const delay = z.union([
  delayMs,
  z.tuple([delayMs, delayMs]).refine(([least, most]) => least <= most, 'expected the shorter delay first'),
])

const counter = { point: name }

const kinds = z.discriminatedUnion('kind', [
  // the answer does not come, or not when it should
  fault('silence', {}),
  fault('delay', { ms: delay }).describe('The answer comes later, and what is asked after it waits'),
  fault('late', { ms: delay }).describe('The answer comes later, and what is asked after it is answered in between'),
  fault('drip', { byteMs: delayMs.positive() }).describe('The answer comes byte by byte'),
  // another answer
  fault('exception', { code: byte.min(1).default(4) }),
  fault('busy', {}).describe('Exception 6'),
  // a frame that is wrong
  fault('wrongUnit', { unit: byte.optional().describe('Without it the next one') }),
  fault('wrongFunction', { function: byte.max(127).optional().describe('Without it 3 for 4 and 4 for 3') }),
  fault('wrongTransaction', { offset: z.int().min(1).max(0xffff).default(1) }).describe('Modbus TCP'),
  fault('shortFrame', {
    missing: z.int().min(1).max(MOST_BYTES).default(2).describe('Bytes that the end lacks'),
    fitting: z.boolean().default(false).describe('Whether length field, or CRC, are those of the shorter frame'),
  }),
  fault('badCrc', {}).describe('Modbus RTU'),
  fault('extraBytes', {
    hex: z
      .string()
      .regex(/^([0-9a-fA-F]{2}){1,512}$/, 'expected bytes in hex')
      .default('0000'),
  }),
  // the connection
  fault('reset', {}).describe('The request is answered by a reset of the connection'),
  fault('halfOpen', {}).describe('Connections are taken, and neither answered nor closed'),
  z
    .strictObject({ kind: z.literal('refused'), device: name, ...window })
    .describe('Nobody listens on the port of the device; its connections are reset'),
  // what the registers hold
  fault('stuck', { points: points.optional().describe('Without it all') }).describe('Registers keep what they hold'),
  fault('byteSwapped', { points }).describe('The bytes of each register change places'),
  fault('wordSwapped', { points }).describe('The registers of the value change places'),
  fault('counterReset', { ...counter, to: z.number().default(0) }).describe('Counts on from there'),
  fault('counterJump', { ...counter, by: z.number() }).describe('Ahead or, below zero, back; in the point’s unit'),
  fault('counterRollover', { ...counter, bits: z.int().min(1).max(53) }).describe('Counts have only so many bits'),
  fault('frozenClock', {}).describe('The clock of the device stands still: `clockS` in its expressions'),
  fault('notAvailable', { points }).describe('The points hold what means "no value"'),
])

/** One fault. See the descriptions for what each kind does. */
export const faultSpec = kinds.refine(
  ({ forMs, repeatMs }) => repeatMs === undefined || (forMs !== undefined && forMs < repeatMs),
  { path: ['repeatMs'], message: 'expected forMs too, and shorter than this: it says how long each time lasts' },
)

export type FaultSpec = z.infer<typeof faultSpec>
export type FaultKind = FaultSpec['kind']
export type FaultOf<K extends FaultKind> = Extract<FaultSpec, { kind: K }>

/** Every kind, in the order of the schema. */
export const FAULT_KINDS: readonly FaultKind[] = kinds.options.map((option) => option.shape.kind.value)
