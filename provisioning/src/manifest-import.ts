import { checkConfig, wallClock } from '@wattfleet/protocol'
import { claimPath } from './claims.ts'
import { provisioningConfig } from './config.ts'
import { importFile, openOffice } from './office.ts'

/** A gateway of the manifest and where its claim lies until it has enrolled. */
export interface ManifestGateway {
  readonly site: string
  readonly serial: string
  readonly household: string
  /** Its name on the wire. */
  readonly gateway: string
  readonly claimPath: string
}

/**
 * Imports a manifest as the service would at its start, without a service: for a utility that prepares its gateways
 * first. Throws Fault `config` naming every bad row, or what is wrong with the configuration.
 */
export async function importManifestFile(
  config: Readonly<Record<string, unknown>>,
  manifestPath: string,
): Promise<readonly ManifestGateway[]> {
  const checked = checkConfig(config, provisioningConfig, 'provisioning')
  const office = await openOffice(checked)
  try {
    await importFile(office, manifestPath, { community: checked.community, nowMs: wallClock().nowMs() })
    return office.store.sites().map(({ site, serial, household, gateway }) => ({
      site,
      serial,
      household,
      gateway,
      claimPath: claimPath(checked.claimsDir, serial),
    }))
  } finally {
    office.store.close()
  }
}
