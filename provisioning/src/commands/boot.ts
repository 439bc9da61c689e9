import { Fault, parseObject, readText } from '@wattfleet/protocol'
import { claimPath } from '../claims.ts'
import { devicesOf } from '../core/devices.ts'
import { gatewayOf } from '../fleet.ts'
import { claimOf } from '../labels/labels.ts'
import { bootPartition } from '../pi/boot-partition.ts'
import type { SiteRecord } from '../ports.ts'
import { argumentOf, type Commands, onStore } from './command.ts'

/** What `provisioning/pi` takes from the boot partition at the first start. */
const CLAIM = 'wattfleet.claim'
const AGENT = 'wattfleet-agent.json'
/** What says where a device is. */
const PLACE = ['host', 'port', 'framing', 'serial']
/** Where the first start puts the claim. */
const FIRST_BOOT_CLAIM = '/var/lib/wattfleet/claim'

export const bootCommands: Commands = {
  'write-boot': onStore(
    ['<gateway>', '<boot>'],
    'put its claim on a mounted boot partition, or into that of an image; --agent <agent.json> its configuration too',
    (store, asked) => {
      const record = gatewayOf(store, argumentOf(asked))
      const { serial, claimExpiresMs } = record
      const claim = claimOf(store, claimPath(asked.config.claimsDir, serial), serial)
      if (typeof claim === 'string') throw new Fault('enrolment', `${serial}: ${claim}`)
      if (claimExpiresMs <= asked.nowMs) throw new Fault('enrolment', `${serial}: its claim has expired: reissue it`)
      const { agent } = asked.options
      const configuration = typeof agent === 'string' ? withDevices(agent, record) : undefined
      const boot = bootPartition(argumentOf(asked, 1))
      if (configuration !== undefined) boot.write(AGENT, configuration)
      boot.write(CLAIM, `${JSON.stringify(claim, null, 2)}\n`)
      return { serial, written: [CLAIM, ...(configuration === undefined ? [] : [AGENT])] }
    },
    { agent: { type: 'string' } },
  ),
}

/** A configuration with what the manifest says of the devices, where it does not say it itself. */
function withDevices(path: string, record: SiteRecord): string {
  const { serial } = record
  const config = parseObject(readText(path)) as Record<string, unknown> | undefined
  if (config === undefined) throw new Fault('config', `${path}: expected the agent's configuration, a JSON object`)
  // the Pi has a serial of its own, by which its claim is good; another one would hold two gateways as a theft
  if (config.serial !== undefined && config.serial !== serial) {
    throw new Fault(
      'config',
      `${path}: serial: leave it out, a Raspberry Pi knows its own (this claim is for ${serial})`,
    )
  }
  if (config.claimPath !== FIRST_BOOT_CLAIM) {
    throw new Fault('config', `${path}: claimPath: expected ${FIRST_BOOT_CLAIM}, where the first start puts it`)
  }
  // a device that the configuration does not name comes with the grant
  for (const [name, known] of Object.entries(devicesOf(record).devices ?? {})) {
    const device = config[name]
    if (typeof device !== 'object' || device === null) continue
    // where the installer says a place of its own, what the manifest knows of another one is not mixed into it
    const isPlaced = PLACE.some((field) => field in device)
    config[name] = { ...(isPlaced ? { model: known.model } : known), ...device }
  }
  return `${JSON.stringify(config, null, 2)}\n`
}
