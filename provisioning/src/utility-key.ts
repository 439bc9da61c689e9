import { join } from 'node:path'
import type { SigningKey } from '@wattfleet/protocol'
import { keepAuditKey } from './audit-key.ts'

/**
 * The key that signs what gateways are told: `utility.key` in the state folder, made on first use as the audit's is. Its
 * public key goes into every grant; whoever loses it has to enrol every gateway anew.
 */
export function keepUtilityKey(stateDir: string): SigningKey {
  return keepAuditKey(join(stateDir, 'utility.key'))
}
