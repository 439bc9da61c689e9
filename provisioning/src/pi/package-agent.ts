import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { releaseMistake, VERSION } from '@wattfleet/protocol'
import { rolldown } from 'rolldown'
import { closureOf } from './closure.ts'

/*
 * `npm run package:agent [-- --arch amd64 --out <folder> --fast]`: the agent as a Debian package that needs nothing but the
 * system's C library; with `--release` as the archive that a software roll-out brings, which holds the same programs, and
 * with `--url <https://…/>` also the file for `rollout create`. Node refuses TypeScript under node_modules, so what is installed is bundled JavaScript; the two modules
 * with machine code come as the binaries that their makers built, and so does Node itself: what a Raspberry Pi's system has
 * is older than the sources want.
 */
const ROOT = resolve(import.meta.dirname, '../../..')
const PI = join(ROOT, 'provisioning/pi')
const HOME = 'usr/lib/wattfleet'
const NATIVE = ['better-sqlite3', '@serialport/bindings-cpp']
/** Names of an architecture to Debian and to Node. */
const ARCHITECTURES = { arm64: 'arm64', amd64: 'x64' } as const
type Architecture = keyof typeof ARCHITECTURES
/** What is bundled; each lies as deep as its source, for it looks for the device models from where it is. */
const PROGRAMS = {
  agent: 'agent/src/main.ts',
  update: 'agent/src/update.ts',
  devices: 'devices/src/cli/main.ts',
} as const
const AGENT_PACKAGE = join(ROOT, 'agent/package.json')

async function bundle(stage: string, version: string): Promise<void> {
  // the agent says the version of what it is packed into
  const own = JSON.stringify({ version })
  const versioned = { name: 'version', load: (id: string) => (id === AGENT_PACKAGE ? own : undefined) }
  for (const [name, source] of Object.entries(PROGRAMS)) {
    const bundling = await rolldown({
      input: join(ROOT, source),
      platform: 'node',
      external: NATIVE,
      plugins: [versioned],
      logLevel: 'silent',
    })
    const file = join(stage, HOME, 'app', name, 'main.js')
    await bundling.write({ file, format: 'esm', codeSplitting: false })
    await bundling.close()
  }
  writeFileSync(join(stage, HOME, 'app', 'package.json'), '{ "type": "module" }\n')
  cpSync(join(ROOT, 'devices/models'), join(stage, HOME, 'models'), { recursive: true })
}

/** Packages with machine code, without their sources and without the binaries of other machines. */
function copyNative(stage: string, arch: Architecture): void {
  const cpu = ARCHITECTURES[arch]
  for (const { from, to } of closureOf(ROOT, NATIVE)) {
    const isKept = (path: string) => {
      const inside = relative(from, path)
      if (/^node_modules(\/|$)/.test(inside)) return false // packages of their own
      if (NATIVE.some((name) => to.endsWith(name)) && /^(src|deps|binding\.gyp)(\/|$)/.test(inside)) return false
      if (/\.(map|ts)$/.test(inside)) return false
      const prebuild = /^prebuilds\/([^/]+)/.exec(inside)?.[1]
      return prebuild === undefined || (basename(prebuild, '.node') === `linux-${cpu}` && !inside.includes('musl'))
    }
    cpSync(from, join(stage, HOME, to), { recursive: true, filter: isKept })
  }
}

/** Node for this architecture: the one of this machine, or the registry's package with the same version. */
function copyNode(stage: string, arch: Architecture): void {
  const own = join(ROOT, 'node_modules/node')
  const { version } = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8')) as { version: string }
  const cpu = ARCHITECTURES[arch]
  let binary = join(own, 'bin/node')
  if (process.platform !== 'linux' || process.arch !== cpu) {
    const cache = join(ROOT, 'node_modules/.cache/wattfleet', `node-linux-${cpu}-${version}`)
    binary = join(cache, 'package/bin/node')
    if (!existsSync(binary)) {
      mkdirSync(cache, { recursive: true })
      const pack = ['pack', '--silent', '--pack-destination', cache, `node-linux-${cpu}@${version}`]
      const archive = execFileSync('npm', pack, { encoding: 'utf8', cwd: cache }).trim()
      execFileSync('tar', ['-xzf', join(cache, archive), '-C', cache, 'package/bin/node'])
      rmSync(join(cache, archive))
    }
  }
  mkdirSync(join(stage, HOME, 'bin'), { recursive: true })
  cpSync(binary, join(stage, HOME, 'bin/node'))
  chmodSync(join(stage, HOME, 'bin/node'), 0o755)
}

/** Control files, and what the system finds: units, configuration, first boot. */
function copyDebian(stage: string, arch: Architecture, version: string): void {
  cpSync(join(PI, 'root'), stage, { recursive: true })
  cpSync(join(ROOT, 'LICENSE'), join(stage, 'usr/share/doc/wattfleet-agent/copyright'))
  const control = join(stage, 'DEBIAN')
  cpSync(join(PI, 'debian'), control, { recursive: true })
  for (const name of ['postinst', 'prerm', 'postrm']) chmodSync(join(control, name), 0o755)
  chmodSync(join(stage, HOME, 'firstboot'), 0o755)
  for (const name of ['wattfleet-agent', 'wattfleet-update', 'wattfleet-devices'])
    chmodSync(join(stage, 'usr/bin', name), 0o755)
  const kib = Number(execFileSync('du', ['-sk', stage], { encoding: 'utf8' }).split('\t')[0])
  for (const name of ['control', 'postinst']) {
    const text = readFileSync(join(control, name), 'utf8')
    const filled = text.replaceAll('@VERSION@', version).replace('@ARCH@', arch).replace('@SIZE@', String(kib))
    writeFileSync(join(control, name), filled)
  }
}

/** What `updater/releases.ts` unpacks into the folder of its version; the same bytes from the same sources. */
function packRelease(stage: string, path: string, isFast: boolean): void {
  const same = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner']
  const gzip = ['--use-compress-program', `gzip --no-name ${isFast ? '-1' : '-9'}`]
  execFileSync('tar', ['--create', ...gzip, ...same, '--file', path, '--directory', join(stage, HOME), '.'])
}

/** What `rollout create` reads. */
function describeRelease(path: string, version: string, url: string): void {
  const bytes = readFileSync(path)
  const release = {
    ...{ version, sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length },
    url: new URL(basename(path), url.endsWith('/') ? url : `${url}/`).href,
  }
  const mistake = releaseMistake(release)
  if (mistake !== undefined) throw new Error(`the release: ${mistake}`)
  writeFileSync(path.replace(/\.tgz$/, '.json'), `${JSON.stringify({ release }, null, 2)}\n`)
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      arch: { type: 'string', default: 'arm64' },
      out: { type: 'string', default: join(ROOT, 'provisioning/pi/dist') },
      fast: { type: 'boolean', default: false },
      release: { type: 'boolean', default: false },
      url: { type: 'string' },
      version: { type: 'string' },
    },
  })
  const arch = values.arch as Architecture
  if (!(arch in ARCHITECTURES)) throw new Error(`--arch: expected arm64 or amd64, got ${values.arch}`)
  const { version: own } = JSON.parse(readFileSync(AGENT_PACKAGE, 'utf8')) as { version: string }
  const { version = own } = values
  if (!VERSION.test(version)) throw new Error(`--version: expected a semantic version such as 1.2.0, got ${version}`)
  // for an owner that dpkg-deb writes as root, and modes that no umask of a builder's changes
  process.umask(0o022)
  const stage = mkdtempSync(join(tmpdir(), 'wattfleet-agent-'))
  try {
    chmodSync(stage, 0o755)
    await bundle(stage, version)
    copyNative(stage, arch)
    copyNode(stage, arch)
    mkdirSync(values.out, { recursive: true })
    if (values.release) {
      const path = join(values.out, `wattfleet-agent_${version}_${arch}.tgz`)
      packRelease(stage, path, values.fast)
      if (values.url !== undefined) describeRelease(path, version, values.url)
      process.stdout.write(`${path}\n`)
      return
    }
    copyDebian(stage, arch, version)
    const path = join(values.out, `wattfleet-agent_${version}_${arch}.deb`)
    const compression = values.fast ? ['-Zgzip', '-z1'] : ['-Zxz']
    execFileSync('dpkg-deb', ['--root-owner-group', ...compression, '--build', stage, path], { stdio: 'pipe' })
    process.stdout.write(`${path}\n`)
  } finally {
    rmSync(stage, { recursive: true })
  }
}

await main()
