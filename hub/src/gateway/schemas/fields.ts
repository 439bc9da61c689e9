import { z } from 'zod'

/** The kinds of value on the wire, each described once. Money passes 2^53, so it travels as decimal text. */

export function hex(bytes: number, description: string) {
  return z
    .string()
    .regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`), `expected ${bytes * 2} lower-case hex digits`)
    .meta({
      description,
    })
}

export function energyWh(description: string) {
  return z
    .int()
    .min(0)
    .meta({ description: `${description} Wh.` })
}

export function powerW(description: string) {
  return z
    .int()
    .min(0)
    .meta({ description: `${description} W.` })
}

export function rateMicro(description: string) {
  return z
    .int()
    .min(0)
    .meta({ description: `${description} Micro-currency per kWh.` })
}

export function nano(description: string) {
  return z
    .string()
    .regex(/^\d{1,39}$/)
    .meta({ description: `${description} Nano-currency as decimal text.`, examples: ['1250000000'] })
}

export function unixS(description: string) {
  return z
    .int()
    .min(0)
    .meta({ description: `${description} UTC Unix seconds.` })
}

export function count(description: string) {
  return z.int().min(0).meta({ description })
}

export const kind = z
  .enum(['spot', 'post'])
  .meta({ description: '`spot` trades before delivery on the forecast, `post` after it on what was measured.' })

export const side = z.enum(['bid', 'offer']).meta({ description: '`bid` buys, `offer` sells.' })

export const marketFields = {
  community: z.int().min(0).meta({ description: 'Community: one balancing area with one set of rules.' }),
  slotStart: unixS('Start of the slot that is traded.'),
  kind,
}
