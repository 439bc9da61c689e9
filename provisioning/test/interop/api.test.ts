import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { describeWithPython } from '../../../test-support/python.ts'
import { type TestApi, testApi } from '../fixtures/api.ts'
import { type TestOffice, testOffice } from '../fixtures/office.ts'

const SCHEMATHESIS = {
  name: 'schemathesis',
  check: 'import schemathesis.cli',
  install: 'pip install schemathesis==4.32.5',
}
/** The tester must not take away its own token, and 405 to every method that HTTP knows is tested with the server. */
const ARGUMENTS = [
  ...['--exclude-operation-id', 'revokeToken', '--exclude-checks', 'unsupported_method'],
  ...['--max-examples', '25', '--continue-on-failure', '--no-color', '--seed', '1'],
]

/** What it makes up meets a gateway that there is. Whether a list, an order or an address is good is more than a schema can say. */
const CONFIGURATION = `
[parameters]
"path.id" = "pi-1"
${['importManifest', 'createRollout', 'transfer']
  .map((id) => `[[operations]]\ninclude-operation-id = "${id}"\nchecks.positive_data_acceptance.enabled = false\n`)
  .join('')}`

describeWithPython(SCHEMATHESIS, (python) => {
  let office: TestOffice
  let api: TestApi
  beforeEach(async () => {
    office = await testOffice(20, { approval: true })
    api = await testApi(office)
  })
  afterEach(async () => {
    await api.stop()
    await office.close()
  })

  it('the API answers whatever its document allows and forbids, as the document says', async () => {
    const caPath = join(office.dir, 'trusted.pem')
    writeFileSync(caPath, office.authority.caPem)
    writeFileSync(join(office.dir, 'schemathesis.toml'), CONFIGURATION)
    const run = [
      ...['-c', 'from schemathesis.cli import schemathesis; schemathesis()'],
      ...['run', `https://127.0.0.1:${api.port}/openapi.json`, '--tls-verify', caPath],
      ...['-H', `Authorization: Bearer ${api.tokenOf('admin')}`, ...ARGUMENTS],
    ]
    const said = await promisify(execFile)(python, run, { cwd: office.dir, maxBuffer: 1 << 24 }).catch((error) => error)
    expect(said.code ?? 0, `${said.stdout}${said.stderr}`).toBe(0)
    expect(Number(/(\d+) generated/.exec(said.stdout)?.[1])).toBeGreaterThan(500)
    expect(office.store.audit.verify().ok).toBe(true)
  })
})
