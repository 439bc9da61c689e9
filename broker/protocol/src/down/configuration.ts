import { type Directive, directiveBody, parseDirective } from './directive.ts'
import { type Body, natural } from './fields.ts'

/*
 * type "config" adds
 *   settings  an object: a JSON merge patch (RFC 7396) upon the gateway's own file, which it replaces the former one of;
 *             {} leaves the file as it is
 *   trialS    for how long the gateway tries it before it is kept, s
 */

/**
 * The parts of a gateway's configuration that may come from afar. Not here is whatever says who a gateway is, whom it
 * trusts and where its keys lie: nobody who holds the utility's key, or has stolen it, can move a gateway to somebody else.
 */
export const REMOTE_SETTINGS = ['meter', 'inverter', 'strategy', 'pollS', 'logLevel'] as const

export const TRIAL_S = { least: 1, most: 3_600, usual: 300 } as const
/** A broker carries 64 KiB; a whole configuration takes one. */
export const MOST_SETTINGS_CHARACTERS = 16 * 1024
/** The configuration is two objects deep. What is deeper is none, and would only cost the stack. */
const MOST_DEPTH = 8

export interface ConfigMessage extends Directive {
  readonly settings: Body
  readonly trialS: number
}

export function configBody(message: ConfigMessage): Body {
  return { ...directiveBody('config', message), settings: message.settings, trialS: message.trialS }
}

export function parseConfigMessage(body: Body): ConfigMessage | undefined {
  const head = parseDirective('config', body)
  const trialS = natural(body, 'trialS')
  if (head === undefined || trialS === undefined || trialS < TRIAL_S.least || trialS > TRIAL_S.most) return undefined
  return isSettings(body.settings) ? { ...head, settings: body.settings, trialS } : undefined
}

/** Whether these can be settings at all; what they say is the gateway's to check. */
export function isSettings(value: unknown): value is Body {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || depthOf(value) > MOST_DEPTH) return false
  return JSON.stringify(value).length <= MOST_SETTINGS_CHARACTERS
}

function depthOf(value: unknown, above = 0): number {
  if (typeof value !== 'object' || value === null || above > MOST_DEPTH) return above
  return Math.max(above + 1, ...Object.values(value).map((one) => depthOf(one, above + 1)))
}
