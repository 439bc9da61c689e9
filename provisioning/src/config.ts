import { z } from 'zod'
import { LOOPBACK_HOSTS } from './authority/identities.ts'
import { RESET_POLICIES } from './core/claim-use.ts'

/** Two thirds of it until a gateway renews, one third to be away: a month. */
export const CERTIFICATE_DAYS = 90

const amountNano = z.string().regex(/^[1-9][0-9]{0,38}$/, 'expected a whole number above zero, as text')

/** Whether a certificate's name is that of a host: the same, or `*` for its first label (RFC 9525, 6.3). */
function isNameOf(host: string, name: string): boolean {
  const [said, is] = [host, name].map((one) => one.toLowerCase())
  return said === is || (said?.startsWith('*.') === true && said.slice(1) === is?.replace(/^[^.]+/, ''))
}

export const provisioningConfig = z
  .strictObject({
    host: z.string().min(1).default('127.0.0.1'),
    port: z.int().min(0).max(65_535).default(8443),
    /** Holds the CA (`ca/`), the service's certificates (`tls/`), the store, the keys for audit and utility, and what the chain's adapter keeps. */
    stateDir: z.string().min(1),
    /** `https://host:port` under which gateways reach this service; goes into the claims. */
    publicUrl: z.url({ protocol: /^https$/, error: 'expected https://host:port' }).default('https://127.0.0.1:8443'),
    /** `mqtts://host:port` of the broker; goes into the grants. */
    brokerUrl: z.url({ protocol: /^mqtts$/, error: 'expected mqtts://host:port' }).default('mqtts://127.0.0.1:8883'),
    /** Where this service itself reaches the broker, if it is not there. */
    fleetBrokerUrl: z.url({ protocol: /^mqtts$/, error: 'expected mqtts://host:port' }).optional(),
    /** Name of the utility, as its CAs say it. */
    utility: z.string().min(1).max(48).default('Wattfleet development'),
    /** How long a gateway's certificate is valid; it is renewed at two thirds of that. */
    certificateDays: z.int().min(1).max(825).default(CERTIFICATE_DAYS),
    /** Names and addresses in this service's certificate. */
    hosts: z
      .array(z.string().min(1))
      .min(1)
      .default([...LOOPBACK_HOSTS]),
    /** The key that signs receipts and notices: 32 bytes, hex. */
    hubKey: z
      .string({ error: 'expected the public key of the hub, 64 lower-case hex digits' })
      .regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hex digits'),
    community: z.int().min(0).max(0xffff_ffff).default(1),
    /** `ws://host:port` of nodes of one chain, in the order in which they are tried. */
    chainEndpoints: z
      .array(z.url({ protocol: /^wss?$/ }))
      .min(1)
      .max(16)
      .default(['ws://127.0.0.1:9944']),
    /** File with the operator's seed. */
    operatorSeedPath: z.string().min(1),
    /** Manifest that is imported at the start. */
    manifestPath: z.string().min(1).optional(),
    /** Where claims are written. */
    claimsDir: z.string().min(1),
    /** How long a claim is good for: from the warehouse to the wall of a house. */
    claimDays: z.int().min(1).max(3_650).default(90),
    /** Whether an operator lets each gateway in by hand. */
    approval: z.boolean().default(false),
    /** The HTTPS API for operators; absent: none. Callers need a token: `wattfleet-fleet token create`. */
    api: z
      .strictObject({ host: z.string().min(1).default('127.0.0.1'), port: z.int().min(0).max(65_535).default(8444) })
      .optional(),
    /** `http://host:port` of the hub's API, which knows the trades of a gateway's story; absent: a story without them. */
    hubApiUrl: z.url({ protocol: /^https?$/, error: 'expected http://host:port' }).optional(),
    /** What becomes of a gateway that was reset and asks with its old claim and other keys: core/claim-use.ts. */
    reset: z.enum(RESET_POLICIES).default('approve'),
    /** The utility's own system: asked before a gateway is let in, and told of what became of it. Absent: nobody is. */
    hook: z
      .strictObject({
        url: z.url({ protocol: /^https?$/, error: 'expected http(s)://host/path' }),
        /** File whose text, without the end of its line, signs what is sent. */
        secretPath: z.string().min(1),
        timeoutMs: z.int().min(100).max(20_000).default(5_000),
      })
      .optional(),
    /** Play money that each member is issued once, nano-currency, digits; absent: none. */
    initialFundsNano: amountNano.transform(BigInt).optional(),
    /** Accounts in a role that are issued money once, as members are: a settlement engine its bond. */
    roleFunds: z
      .array(
        z.strictObject({
          account: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hex digits'),
          amountNano: amountNano.transform(BigInt),
        }),
      )
      .max(64)
      .default([]),
    logLevel: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  })
  // claims and labels would be out before a gateway says that the certificate is another's
  .superRefine(({ publicUrl, hosts }, { addIssue }) => {
    const name = new URL(publicUrl).hostname.replace(/^\[(.*)\]$/, '$1')
    if (hosts.some((host) => isNameOf(host, name))) return
    addIssue({ code: 'custom', path: ['hosts'], message: `expected ${name} among them: publicUrl names it` })
  })
  .readonly()

export type ProvisioningConfig = z.infer<typeof provisioningConfig>
