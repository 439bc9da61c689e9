import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { temporaryFolder } from './fixtures/office.ts'

const CLI = join(import.meta.dirname, '../src/cli.ts')
const MEMBER = '5a'.repeat(32)

const FIRST_BOOT = { stateDir: '/var/lib/wattfleet/state', claimPath: '/var/lib/wattfleet/claim' }
describe('write-boot', () => {
  let dir: ReturnType<typeof temporaryFolder>
  const at = (name: string) => join(dir.path, name)
  beforeEach(async () => {
    dir = temporaryFolder()
    const paths = { stateDir: at('state'), claimsDir: at('claims'), operatorSeedPath: at('operator.seed') }
    writeFileSync(at('utility.json'), JSON.stringify({ ...paths, hubKey: 'ab'.repeat(32) }))
    const header =
      'serial,household,member,zone,capImportWh,capExportWh,meter,meterAddress,meterUnit,inverter,inverterAddress'
    writeFileSync(
      at('m.csv'),
      `${header}\npi-1,House,${MEMBER},1,3000,0,abb-b23,/dev/ttyUSB0:9600,3,sunspec,192.168.1.21\n`,
    )
    mkdirSync(at('boot'))
    writeFileSync(at('boot/cmdline.txt'), 'quiet\n')
    await cli('import', at('m.csv'))
  })
  afterEach(() => dir.remove())

  async function cli(...args: string[]) {
    const flags = ['--disable-warning=ExperimentalWarning', CLI, '--config', at('utility.json')]
    return JSON.parse((await promisify(execFile)(process.execPath, [...flags, ...args])).stdout)
  }

  const agent = (config: object): string => {
    writeFileSync(at('agent.json'), JSON.stringify(config))
    return at('agent.json')
  }

  it('puts the claim and a configuration with the models of the manifest on a boot partition', async () => {
    const device = { host: '192.168.1.20', port: 502 }
    writeFileSync(
      at('agent.json'),
      JSON.stringify({ ...FIRST_BOOT, meter: device, inverter: { ...device, model: 'x' } }),
    )
    const said = await cli('write-boot', 'pi-1', at('boot'), '--agent', at('agent.json'))
    expect(said).toEqual({ serial: 'pi-1', written: ['wattfleet.claim', 'wattfleet-agent.json'] })
    expect(readdirSync(at('boot')).sort()).toEqual(['cmdline.txt', 'wattfleet-agent.json', 'wattfleet.claim'])
    const read = (name: string) => JSON.parse(readFileSync(at(name), 'utf8'))
    expect(read('boot/wattfleet.claim')).toEqual(read('claims/pi-1.claim.json'))
    expect(read('boot/wattfleet-agent.json')).toEqual({
      ...FIRST_BOOT,
      meter: { ...device, model: 'abb-b23' },
      inverter: { ...device, model: 'x' }, // what the installer says is what is there
    })
  })

  it('says where a device is too, where the configuration names it without a place', async () => {
    const path = agent({ ...FIRST_BOOT, meter: { timeoutMs: 500 }, pollS: 10 })
    await cli('write-boot', 'pi-1', at('boot'), '--agent', path)
    // and leaves a device that it does not name to the grant
    expect(JSON.parse(readFileSync(at('boot/wattfleet-agent.json'), 'utf8'))).toEqual({
      ...FIRST_BOOT,
      meter: { model: 'abb-b23', serial: { path: '/dev/ttyUSB0', baudRate: 9_600 }, unit: 3, timeoutMs: 500 },
      pollS: 10,
    })
    expect(await cli('show', 'pi-1')).toMatchObject({
      ...{ meter: 'abb-b23', meterAddress: '/dev/ttyUSB0:9600', meterUnit: 3 },
      ...{ inverter: 'sunspec', inverterAddress: '192.168.1.21' },
    })
  })

  it.each<[string, () => readonly string[], RegExp]>([
    ['a folder that is none', () => ['pi-1', dir.path], /expected a boot partition of Raspberry Pi OS/],
    ['nothing', () => ['pi-1', at('none')], /there is no such folder or image/],
    ['a file that is no image', () => ['pi-1', at('m.csv')], /expected an image whose first partition is FAT/],
    ['another gateway', () => ['pi-2', at('boot')], /no gateway has the serial/],
    [
      'a bad configuration',
      () => ['pi-1', at('boot'), '--agent', at('m.csv')],
      /m\.csv: expected the agent's configuration/,
    ],
    [
      'the serial of another',
      () => ['pi-1', at('boot'), '--agent', agent({ ...FIRST_BOOT, serial: 'pi-2' })],
      /serial: leave it out, a Raspberry Pi knows its own \(this claim is for pi-1\)/,
    ],
    [
      'a claim where none will be',
      () => ['pi-1', at('boot'), '--agent', agent({ ...FIRST_BOOT, claimPath: '/etc/claim' })],
      /claimPath: expected \/var\/lib\/wattfleet\/claim/,
    ],
  ])('is refused with %s, and writes nothing', async (_, args, why) => {
    await expect(cli('write-boot', ...args())).rejects.toMatchObject({ stderr: expect.stringMatching(why) })
    expect(readdirSync(at('boot'))).toEqual(['cmdline.txt'])
  })

  it('is refused where the claim is not in force', async () => {
    const dead = readFileSync(at('claims/pi-1.claim.json'))
    await cli('reissue', 'pi-1')
    writeFileSync(at('claims/pi-1.claim.json'), dead)
    await expect(cli('write-boot', 'pi-1', at('boot'))).rejects.toMatchObject({
      stderr: expect.stringMatching(/not the claim in force/),
    })
  })
})
