import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measureEnrolment } from '../provisioning/bench/enrol.ts'
import { median } from './median.ts'

const GATEWAYS = 500
const RUNS = 3
/** Gateways that ask at once: a pallet that is plugged in. */
const AT_ONCE = 16
/** Gateways a minute that a utility wants to bring in, on two cores. */
const AIM_PER_MINUTE = 1_000

const CA_CNF = (dir: string) => `
[ ca ]
default_ca = one
[ one ]
new_certs_dir = ${dir}/certs
database = ${dir}/index
default_md = sha256
policy = any
unique_subject = no
rand_serial = yes
default_days = 90
x509_extensions = leaf
[ any ]
commonName = supplied
[ leaf ]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
`

/** The same requests signed by `openssl ca`, all in one process: no network, no claims, no chain, one database. */
function opensslPerMinute(csrPems: readonly string[]): number | undefined {
  if (spawnSync('openssl', ['version']).status !== 0) return undefined
  const dir = mkdtempSync(join(tmpdir(), 'wattfleet-bench-openssl-'))
  try {
    const [key, root] = [join(dir, 'ca.key'), join(dir, 'ca.pem')]
    const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', root]
    execFileSync('openssl', ['req', '-x509', ...made, '-subj', '/CN=bench', '-days', '30'], { stdio: 'ignore' })
    mkdirSync(join(dir, 'certs'))
    writeFileSync(join(dir, 'index'), '')
    writeFileSync(join(dir, 'ca.cnf'), CA_CNF(dir))
    const paths = csrPems.map((pem, n) => {
      const path = join(dir, `${n}.csr`)
      writeFileSync(path, pem)
      return path
    })
    const from = performance.now()
    const by = ['-config', join(dir, 'ca.cnf'), '-keyfile', key, '-cert', root, '-notext', '-batch']
    execFileSync('openssl', ['ca', ...by, '-infiles', ...paths], { stdio: 'ignore', maxBuffer: 1 << 28 })
    return Math.round((csrPems.length / (performance.now() - from)) * 60_000)
  } finally {
    rmSync(dir, { recursive: true })
  }
}

/** Gateways a minute through the whole service, beside bare signatures of the same requests, in turns. */
export async function run(print: (line: string) => void): Promise<object> {
  const [ours, peer]: [number[], number[]] = [[], []]
  let last: object = {}
  for (let i = 0; i < RUNS; i++) {
    const { csrPems, ...measured } = await measureEnrolment(GATEWAYS, AT_ONCE)
    const signed = opensslPerMinute(csrPems)
    ours.push(measured.perMinute)
    if (signed !== undefined) peer.push(signed)
    const { p50Ms, p99Ms, cpuMs } = measured
    last = { p50Ms, p99Ms, cpuMs }
    print(
      `run ${i + 1}: ${measured.perMinute} gateways/min enrolled (p50 ${p50Ms} ms, p99 ${p99Ms} ms, ${cpuMs} ms of processor time each), ` +
        `openssl ca ${signed ?? 'is missing'} requests/min`,
    )
  }
  const gatewaysPerMinute = median(ours)
  const opensslCaPerMinute = peer.length > 0 ? median(peer) : undefined
  return {
    ...{ bench: 'enrol', gatewaysPerMinute, aimPerMinute: AIM_PER_MINUTE, ...last },
    overAim: Number((gatewaysPerMinute / AIM_PER_MINUTE).toFixed(2)),
    ...(opensslCaPerMinute !== undefined && {
      opensslCaPerMinute,
      ratio: Number((gatewaysPerMinute / opensslCaPerMinute).toFixed(3)),
    }),
  }
}
