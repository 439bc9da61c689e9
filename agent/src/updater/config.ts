import { z } from 'zod'

/** Of the updater: a program of its own, because what replaces the agent has to outlive it. */
export const updaterConfigSchema = z.strictObject({
  /** Holds `releases/<version>` and `current`, the link that the supervisor starts the agent from. */
  root: z.string().min(1),
  /** The agent's. */
  stateDir: z.string().min(1),
  /** Starts the agent anew from `current`: a program and its arguments. */
  restart: z.array(z.string().min(1)).min(1).default(['systemctl', 'restart', 'wattfleet-agent']),
  /** How long the new agent may take until it is well. */
  deadlineS: z.int().min(1).max(3_600).default(600),
  /** For how long it then has to stay so, the same process all the time. */
  steadyS: z.int().min(0).max(3_600).default(60),
  /**
   * The utility's public key, hex. Without it what the agent's grant names: then whoever may write the agent's state may
   * choose the software too.
   */
  utilityKey: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hex digits')
    .optional(),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
})

export type UpdaterConfig = z.infer<typeof updaterConfigSchema>
