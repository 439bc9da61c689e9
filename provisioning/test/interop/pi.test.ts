import { execFile, execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { signingKeyFromSeed, signRelease, toHex } from '@wattfleet/protocol'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { describeWithPrograms } from '../../../test-support/programs.ts'
import { labelsOf } from '../../src/labels/labels.ts'
import { bootPartition } from '../../src/pi/boot-partition.ts'
import { temporaryFolder, testOffice } from '../fixtures/office.ts'
import { type PiMachine, piImage, piMachine, rootfsPath } from '../fixtures/pi-machine.ts'

const ROOT = join(import.meta.dirname, '../../..')
const CMDLINE = 'console=serial0,115200 root=PARTUUID=1-02 rootfstype=ext4 init=/usr/lib/raspberrypi-sys-mods/firstboot'
const GRANT = '/var/lib/wattfleet/state/grant.json'
const run = promisify(execFile)
const rootfs = rootfsPath()
const PROGRAMS = ['dpkg-deb', 'sfdisk', 'mkfs.vfat', 'mcopy', 'mount', 'chroot']
const PACKAGES = 'dpkg fdisk dosfstools mtools'

if (rootfs === undefined) {
  const why =
    'no Debian system to try the package in, or not root: debootstrap --variant=minbase bookworm ~/.cache/wattfleet/bookworm'
  const required = process.env.CI !== undefined || process.env.WATTFLEET_REQUIRE_INTEROP !== undefined
  if (required) it('has a Debian system', () => expect.fail(why))
  else it.skip(`skipped: ${why}`, () => {})
}

describe.skipIf(rootfs === undefined)('the Pi', () => {
  describeWithPrograms(PROGRAMS, PACKAGES, () => {
    const dir = temporaryFolder()
    const at = (name: string) => join(dir.path, name)
    let office: Awaited<ReturnType<typeof testOffice>>
    let pi: PiMachine
    let deb: string

    beforeAll(async () => {
      office = await testOffice(3)
      pi = piMachine(rootfs ?? '', at('machine'))
      const args = ['run', '--silent', 'package:agent', '--', '--arch', 'amd64', '--fast', '--out', at('deb')]
      deb = (await run('npm', args, { cwd: ROOT })).stdout.trim()
    })
    afterAll(async () => {
      pi.close()
      await office.close()
      dir.remove()
    })

    /** Claim files as an import writes them, for the address at which the service is here. */
    function claimsFolder(): string {
      mkdirSync(at('claims'), { recursive: true })
      for (const n of [0, 1, 2]) {
        const claim = { ...office.claim(n), url: `https://127.0.0.1:${office.server.port}` }
        writeFileSync(at(`claims/pi-${n + 1}.claim.json`), JSON.stringify(claim))
      }
      return at('claims')
    }

    /** Starts the agent as its unit does until it has its grant. */
    async function enrols(serial: string): Promise<void> {
      const unit = readFileSync(pi.path('/usr/lib/systemd/system/wattfleet-agent.service'), 'utf8')
      const start = /^ExecStart=(.*)$/m.exec(unit)?.[1]?.split(' ') ?? []
      const child = pi.start(start, 'wattfleet', { stdio: ['ignore', 'pipe', 'pipe'] })
      const ended = new Promise((resolve) => child.once('exit', resolve))
      let said = ''
      for (const stream of [child.stdout, child.stderr]) {
        stream?.on('data', (chunk) => {
          said += chunk
        })
      }
      try {
        await vi.waitFor(() => expect(existsSync(pi.path(GRANT)), said).toBe(true), { timeout: 30_000 })
      } finally {
        child.kill('SIGTERM')
        await ended
      }
      const { gateway } = JSON.parse(readFileSync(pi.path(GRANT), 'utf8'))
      expect(office.store.siteBySerial(serial)).toMatchObject({ state: 'active', gateway })
    }

    it('gets an image that installs, enrols and leaves no claim behind', async () => {
      const { drive } = await piImage(at('raspios.img'), {
        'cmdline.txt': `${CMDLINE}\n`,
        'config.txt': 'arm_64bit=1\n',
      })
      const before = readFileSync(at('raspios.img'))
      const agent = { stateDir: '/var/lib/wattfleet/state', claimPath: '/var/lib/wattfleet/claim', serial: 'pi-2' }
      writeFileSync(at('agent.json'), JSON.stringify({ ...agent, meter: { host: '127.0.0.1', port: 1 } }))
      writeFileSync(at('password'), 'correct horse\n')
      const args = ['--claims', claimsFolder(), '--agent', at('agent.json'), '--out', at('card.img'), '--package', deb]
      const wifi = ['--wifi', 'Mill Lane', '--wifi-password-file', at('password'), '--wifi-country', 'DE']
      await run(join(ROOT, 'provisioning/pi/make-image.sh'), [at('raspios.img'), ...args, ...wifi])
      expect(readFileSync(at('raspios.img')).equals(before)).toBe(true)
      expect(statSync(at('card.img')).mode & 0o777).toBe(0o600)

      // the card's boot partition, as the Pi mounts it
      mkdirSync(pi.path('/boot/firmware'), { recursive: true })
      const card = drive.replace('raspios.img', 'card.img')
      execFileSync('mcopy', ['-s', '-Q', '-m', '-i', card, '::*', pi.path('/boot/firmware')])
      const cmdline = readFileSync(pi.path('/boot/firmware/cmdline.txt'), 'utf8')
      expect(cmdline).toBe(
        `${CMDLINE} systemd.run=/boot/firmware/wattfleet/firstrun.sh systemd.run_success_action=reboot systemd.run_failure_action=reboot systemd.unit=kernel-command-line.target\n`,
      )
      writeFileSync(pi.path('/etc/serial-number'), 'pi-2\0')
      const [, command = ''] = /systemd\.run=(\S+)/.exec(cmdline) ?? []
      await pi.run(['sh', command], { env: { WATTFLEET_SERIAL: '/etc/serial-number' } })

      expect(readdirSync(pi.path('/boot/firmware')).sort()).toEqual(['cmdline.txt', 'config.txt'])
      expect(readFileSync(pi.path('/boot/firmware/cmdline.txt'), 'utf8')).toBe(`${CMDLINE}\n`)
      const stat = (path: string) => pi.run(['stat', '-c', '%U %a', path]).then((text) => text.trim())
      expect(await stat('/var/lib/wattfleet')).toBe('wattfleet 700')
      expect(await stat('/var/lib/wattfleet/claim')).toBe('wattfleet 600')
      expect(await stat('/etc/NetworkManager/system-connections/wattfleet.nmconnection')).toBe('root 600')
      expect(readFileSync(pi.path('/etc/NetworkManager/system-connections/wattfleet.nmconnection'), 'utf8')).toMatch(
        /ssid=Mill Lane\n[\s\S]*psk=correct horse\n/,
      )
      expect(JSON.parse(readFileSync(pi.path('/var/lib/wattfleet/claim'), 'utf8')).claim).toBe(office.claim(1).claim)
      expect(await pi.run(['dpkg', '-s', 'wattfleet-agent'])).toMatch(/^Status: install ok installed$/m)
      expect(await pi.run(['id', '-nG', 'wattfleet'])).toMatch(/dialout/)
      const units = ['wattfleet-agent.service', 'wattfleet-firstboot.service', 'wattfleet-update.service']
      for (const name of [...units, 'wattfleet-update.path']) {
        expect(existsSync(pi.path(`/usr/lib/systemd/system/${name}`))).toBe(true)
      }

      await enrols('pi-2')
      expect(await stat(GRANT)).toBe('wattfleet 600')
      expect(office.store.siteBySerial('pi-1')?.state).toBe('expected')
    })

    it('enrols with the line of a label too, for which it asks the service for its CA', async () => {
      await pi.run(['rm', '-r', '/var/lib/wattfleet/state'])
      const options = { nowMs: office.time.nowMs, household: false }
      const { labels } = labelsOf(office.store, office.claims.claimsDir, office.store.sites(), options)
      const code = labels.find(({ serial }) => serial === 'pi-3')?.code ?? ''
      writeFileSync(pi.path('/boot/firmware/wattfleet.claim'), code.replace(':8443;', `:${office.server.port};`))
      writeFileSync(
        pi.path('/boot/firmware/wattfleet-agent.json'),
        readFileSync(at('agent.json'), 'utf8').replace('pi-2', 'pi-3'),
      )
      await pi.run(['/usr/lib/wattfleet/firstboot'])
      await enrols('pi-3')
    })

    it('has programs that run there, and a configuration that is checked', async () => {
      expect(await pi.run(['wattfleet-agent', '--help'])).toMatch(/One gateway/)
      expect(await pi.run(['wattfleet-devices', 'models'])).toMatch(/eastron-sdm630/)
      writeFileSync(pi.path('/etc/bad.json'), '{"stateDir": "/x", "claimPath": "/y", "meter": {"port": 0}}')
      await expect(pi.run(['wattfleet-agent', '--config', '/etc/bad.json'])).rejects.toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/\/etc\/bad\.json: meter\.port/),
      })
    })

    it('takes a claim that write-boot puts on the card later, and says where there is none for it', async () => {
      const boot = pi.path('/boot/firmware')
      const env = { WATTFLEET_SERIAL: '/etc/serial-number' }
      const first = () => pi.run(['/usr/lib/wattfleet/firstboot'], { env })
      writeFileSync(join(boot, 'wattfleet.claim'), 'wattfleet:1;…')
      await first()
      await first() // once more does nothing
      expect(readFileSync(pi.path('/var/lib/wattfleet/claim'), 'utf8')).toBe('wattfleet:1;…')
      expect(existsSync(join(boot, 'wattfleet.claim'))).toBe(false)

      await pi.run(['rm', '/var/lib/wattfleet/claim'])
      mkdirSync(join(boot, 'wattfleet-claims'))
      writeFileSync(join(boot, 'wattfleet-claims/pi-9.claim.json'), '{}')
      await expect(first()).rejects.toMatchObject({
        stderr: expect.stringMatching(/there is no claim for the serial 'pi-2'/),
      })
      expect(readdirSync(join(boot, 'wattfleet-claims'))).toEqual(['pi-9.claim.json'])
    })

    it('takes software that was rolled out, goes back from it where it is not well, and from all of it to a package', async () => {
      const { version: own } = JSON.parse(readFileSync(join(ROOT, 'agent/package.json'), 'utf8'))
      const current = () => readlinkSync(pi.path('/opt/wattfleet/current'))
      expect(current()).toBe(`releases/${own}`)
      const args = ['--release', '--fast', '--arch', 'amd64', '--version', '1.1.0', '--url', 'https://dl.example/']
      const made = await run('npm', ['run', '--silent', 'package:agent', '--', ...args, '--out', at('release')], {
        cwd: ROOT,
      })
      const archive = made.stdout.trim()
      const { release } = JSON.parse(readFileSync(archive.replace('.tgz', '.json'), 'utf8'))
      const key = signingKeyFromSeed(new Uint8Array(32).fill(5))
      const updates = '/var/lib/wattfleet/state/updates'
      await pi.run(['mkdir', '--mode', '700', updates])
      const ask = (config: object) => {
        cpSync(archive, pi.path(`${updates}/${release.sha256}.tgz`))
        const request = { counter: 1, release: signRelease(release, key) }
        writeFileSync(pi.path(`${updates}/request.json`), JSON.stringify(request))
        const installed = JSON.parse(readFileSync(pi.path('/etc/wattfleet/update.json'), 'utf8'))
        writeFileSync(
          pi.path('/etc/update-test.json'),
          JSON.stringify({ ...installed, utilityKey: toHex(key.publicKey), ...config }),
        )
        return pi.run(['wattfleet-update', '--config', '/etc/update-test.json'])
      }
      await pi.run(['chown', '-R', 'wattfleet', updates])
      // what stands for the supervisor starts nothing: the new agent is never well
      await ask({ restart: ['true'], deadlineS: 1 })
      const result = await pi.run(['cat', `${updates}/result.json`], { user: 'wattfleet' })
      expect(JSON.parse(result)).toMatchObject({ counter: 1, is: 'rolled-back' })
      expect(current()).toBe(`releases/${own}`)

      const well = '{"version":"1.1.0","pid":1}' // whose number it is here does not matter: it is alive
      await ask({ restart: ['sh', '-c', `echo '${well}' > /var/lib/wattfleet/state/health.json`], steadyS: 0 })
      expect(current()).toBe('releases/1.1.0')
      // the agent's unit starts what was rolled out, as the agent's user
      await pi.run(['mv', '/usr/lib/wattfleet/app/agent/main.js', '/usr/lib/wattfleet/app/agent/away.js'])
      expect(await pi.run(['wattfleet-agent', '--help'], { user: 'wattfleet' })).toMatch(/One gateway/)
      await pi.run(['mv', '/usr/lib/wattfleet/app/agent/away.js', '/usr/lib/wattfleet/app/agent/main.js'])

      await pi.run(['dpkg-reconfigure', 'wattfleet-agent'])
      expect(current()).toBe(`releases/${own}`)
      expect(await pi.run(['wattfleet-agent', '--help'], { user: 'wattfleet' })).toMatch(/One gateway/)
    })

    it('keeps its keys when it is removed, and forgets them when it is purged', async () => {
      const keys = pi.path('/var/lib/wattfleet/state/keys.json')
      await pi.run(['dpkg', '--remove', 'wattfleet-agent'])
      expect(existsSync(keys)).toBe(true)
      await pi.run(['dpkg', '--purge', 'wattfleet-agent'])
      expect(existsSync(pi.path('/var/lib/wattfleet'))).toBe(false)
      for (const path of ['/opt/wattfleet', '/etc/wattfleet']) expect(existsSync(pi.path(path))).toBe(false)
    })

    it.each([
      ['an installer has changed', '{"stateDir":"/var/lib/wattfleet/state","claimPath":"/x","meter":{"port":502}}'],
      ['nobody has touched', undefined],
    ])(
      'takes the place of a package of before, asks nothing, and leaves a configuration that %s',
      async (_, changed) => {
        const former = at('former')
        rmSync(former, { recursive: true, force: true })
        execFileSync('dpkg-deb', ['--raw-extract', deb, former])
        const control = readFileSync(join(former, 'DEBIAN/control'), 'utf8')
        writeFileSync(join(former, 'DEBIAN/control'), control.replace(/^Version: .*$/m, 'Version: 0.0.9'))
        for (const script of ['postinst', 'prerm', 'postrm']) rmSync(join(former, 'DEBIAN', script))
        // what it had as a configuration file of the package
        const shipped =
          '{"stateDir":"/var/lib/wattfleet/state","claimPath":"/x","meter":{"host":"192.168.1.20","port":502}}'
        mkdirSync(join(former, 'etc/wattfleet'), { recursive: true })
        writeFileSync(join(former, 'etc/wattfleet/agent.json'), shipped)
        writeFileSync(join(former, 'DEBIAN/conffiles'), '/etc/wattfleet/agent.json\n')
        execFileSync('dpkg-deb', ['--root-owner-group', '-Znone', '--build', former, pi.path('/root/former.deb')])
        writeFileSync(pi.path('/root/agent.deb'), readFileSync(deb))

        await pi.run(['dpkg', '--install', '/root/former.deb'])
        if (changed !== undefined) writeFileSync(pi.path('/etc/wattfleet/agent.json'), changed)
        await pi.run(['sh', '-c', 'dpkg --install /root/agent.deb <&-'])
        expect(await pi.run(['dpkg', '-s', 'wattfleet-agent'])).toMatch(/^Status: install ok installed$/m)
        expect(readFileSync(pi.path('/etc/wattfleet/agent.json'), 'utf8')).toBe(changed ?? shipped)
        expect(readlinkSync(pi.path('/opt/wattfleet/current'))).toMatch(/^releases\//)
        await pi.run(['dpkg', '--purge', 'wattfleet-agent'])
        expect(existsSync(pi.path('/etc/wattfleet'))).toBe(false)
      },
    )

    it('has its claim written into an image by name', async () => {
      const { drive } = await piImage(at('one.img'), { 'cmdline.txt': CMDLINE })
      const boot = bootPartition(at('one.img'))
      boot.write('wattfleet.claim', 'first')
      boot.write('wattfleet.claim', 'second')
      expect(execFileSync('mtype', ['-i', drive, '::wattfleet.claim'], { encoding: 'utf8' })).toBe('second')
      expect(execFileSync('mtype', ['-i', drive, '::cmdline.txt'], { encoding: 'utf8' })).toBe(CMDLINE)
      await piImage(at('else.img'), { 'readme.txt': '' })
      expect(() => bootPartition(at('else.img'))).toThrow(/else\.img: its first partition is not Raspberry Pi OS's/)
    })

    it('refuses an image that is none, and writes nothing', async () => {
      const script = join(ROOT, 'provisioning/pi/make-image.sh')
      const make = (image: string) =>
        spawnSync(script, [image, '--out', at('x.img'), '--package', deb], { encoding: 'utf8' })
      writeFileSync(at('no.img'), 'x'.repeat(600))
      expect(make(at('no.img'))).toMatchObject({ status: 2, stderr: expect.stringMatching(/has no partitions/) })
      await piImage(at('other.img'), { 'readme.txt': '' })
      expect(make(at('other.img'))).toMatchObject({ status: 2, stderr: expect.stringMatching(/has no cmdline\.txt/) })
      expect(make('none.img')).toMatchObject({ status: 2, stderr: expect.stringMatching(/no such file/) })
      expect([existsSync(at('x.img')), existsSync(at('x.img.draft'))]).toEqual([false, false])
    })
  })
})
