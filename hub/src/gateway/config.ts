import { isIP } from 'node:net'
import { z } from 'zod'
import { LIMITS } from './limits.ts'

/** Names by which a browser on this machine reaches a loopback address. */
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]']

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/** How the HTTP side is configured: schema beside defaults. */
export const gatewayConfig = z
  .strictObject({
    host: z.string().min(1).default('127.0.0.1').describe('Address to listen on.'),
    port: z.int().min(0).max(65_535).default(8080).describe('Port to listen on; 0 takes a free one.'),
    allowedHosts: z
      .array(z.string().min(1))
      .max(32)
      .default([])
      .describe('Names, beyond the address itself, by which this server may be addressed.'),
    personalDataBeyondLoopback: z
      .boolean()
      .default(false)
      .describe(
        'Must be true to listen beyond loopback: whoever reaches the port sees what households draw and feed in.',
      ),
    title: z.string().min(1).max(80).default('Wattfleet street').describe('Title of the page.'),
    currency: z.string().min(1).max(8).default('€').describe('Sign of the currency on the page.'),
    healthyLagBlocks: z
      .int()
      .min(0)
      .default(LIMITS.healthyLagBlocks)
      .describe('Blocks that the index may be behind the finalized head.'),
  })
  .refine((config) => isLoopback(config.host) || config.personalDataBeyondLoopback, {
    path: ['host'],
    message:
      'this address is reachable from elsewhere and the server shows personal data to whoever asks: set ' +
      'personalDataBeyondLoopback to true behind an access control of your own, or listen on 127.0.0.1',
  })

export type GatewayConfig = z.infer<typeof gatewayConfig>
export type GatewayConfigInput = z.input<typeof gatewayConfig>

/** The host name of a Host header, lower case, without port; undefined where there is none that can be read. */
export function hostNameOf(header: string | undefined): string | undefined {
  if (header === undefined || !/^[a-z0-9.:[\]_-]+$/i.test(header)) return undefined
  return URL.canParse(`http://${header}`) ? new URL(`http://${header}`).hostname : undefined
}

/**
 * The names by which requests may address this server. Anything else is refused: a page from elsewhere whose name was
 * made to point at this machine (DNS rebinding) must not read what stands here.
 */
export function namesOf(config: Pick<GatewayConfig, 'host' | 'allowedHosts'>): ReadonlySet<string> {
  const own = isIP(config.host) === 6 ? `[${config.host}]` : config.host
  const names = [own, ...config.allowedHosts, ...(isLoopback(config.host) ? LOOPBACK_NAMES : [])]
  return new Set(names.map((name) => hostNameOf(name) ?? name.toLowerCase()))
}
