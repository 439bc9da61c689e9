import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sha256 } from '@wattfleet/protocol'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { claimPath, clearClaimFiles, keepClaimFiles, reissueClaim } from '../src/claims.ts'
import { type ClaimFileUse, isClaimFileOver } from '../src/core/claim-file.ts'
import { LIFE_STATES } from '../src/core/life.ts'
import { gatewayOf, take } from '../src/fleet.ts'
import type { GatewayStatus } from '../src/fleet-ports.ts'
import type { Store } from '../src/ports.ts'
import { transfer } from '../src/transfer.ts'
import { AT_MS, filesIn, gatewayKeys, type TestOffice, testOffice } from './fixtures/office.ts'

const deed = { actor: 'operator', atMs: AT_MS } as const
let office: TestOffice
beforeEach(async () => {
  office = await testOffice(3)
})
afterEach(() => office.close())

const dir = () => office.claims.claimsDir
const fileOf = (serial: string) => claimPath(dir(), serial)
const files = () => filesIn(dir()).map((name) => name.replace('.claim.json', ''))
const enrol = async (serial: string, n: number) =>
  office.post(await (await gatewayKeys(serial)).request(office.claim(n).claim))

function hear(serial: string, epoch: number): void {
  const status: GatewayStatus = {
    ...{ gateway: gatewayOf(office.store, serial).gateway, receivedMs: AT_MS, epoch, config: 0 },
    ...{ clock: 'trusted', clockOffsetMs: 0, meter: 'good', findings: [], isAway: false },
  }
  office.store.statuses.put([status])
}

describe('whether a claim file is over', () => {
  const spent = { state: 'active', isClaimSpent: true, epoch: 2, heardEpoch: 2 } as const
  it.each<[string, ClaimFileUse, boolean]>([
    ['used, and its gateway was heard with what came of it', spent, true],
    ['used, and its gateway was not heard yet', { ...spent, heardEpoch: undefined }, false],
    ['used, and its gateway was heard in the epoch before', { ...spent, heardEpoch: 1 }, false],
    ['of a gateway whose reset was approved', { ...spent, state: 'claimed', epoch: undefined }, false],
    ['of a gateway that has another claim since', { ...spent, state: 'expected', isClaimSpent: false }, false],
    ['of a suspended gateway that was heard', { ...spent, state: 'suspended' }, true],
  ])('%s', (_, use, expected) => {
    expect(isClaimFileOver(use)).toBe(expected)
  })

  it('is so of every gateway that is stopped for good, and of no other that was never heard', () => {
    for (const state of LIFE_STATES) {
      const use = { state, isClaimSpent: true, epoch: 1, heardEpoch: undefined }
      expect(isClaimFileOver(use)).toBe(state === 'revoked' || state === 'retired')
    }
  })
})

describe('the utility’s copies of claims', () => {
  it('go when they were used and their gateway was heard, and not before', async () => {
    expect((await enrol('pi-1', 0)).status).toBe(200)
    expect(await clearClaimFiles(office.store, dir())).toEqual([])
    hear('pi-1', 1)
    expect(await clearClaimFiles(office.store, dir())).toEqual(['pi-1'])
    expect(files()).toEqual(['pi-2', 'pi-3'])
    // the same again changes nothing
    expect(await clearClaimFiles(office.store, dir())).toEqual([])
  })

  it('go with a gateway that is stopped for good, also where the process died after it was', async () => {
    await enrol('pi-1', 0)
    take(office.store, 'pi-1', 'revoke', deed)
    take(office.store, 'pi-2', 'retire', deed)
    expect(await clearClaimFiles(office.store, dir(), ['pi-2'])).toEqual(['pi-2'])
    expect(files()).toEqual(['pi-1', 'pi-3'])
    expect(await clearClaimFiles(office.store, dir())).toEqual(['pi-1'])
    // what is issued after that is good
    reissueClaim(office.store, office.claims, gatewayOf(office.store, 'pi-1').site, deed)
    expect(await clearClaimFiles(office.store, dir())).toEqual([])
    expect(files()).toEqual(['pi-1', 'pi-3'])
  })

  it('stay where the serial goes on with another household', async () => {
    await enrol('pi-1', 0)
    hear('pi-1', 1)
    const { to } = transfer(office.store, 'pi-1', { household: 'depot', member: 'cd'.repeat(32) }, deed)
    expect(await clearClaimFiles(office.store, dir())).toEqual([])
    reissueClaim(office.store, office.claims, to.site, deed)
    expect(await clearClaimFiles(office.store, dir())).toEqual([])
    expect(office.store.siteByClaim(sha256(Buffer.from(office.claim(3).claim, 'hex')))?.site).toBe(to.site)
  })

  it('stay where another process puts a new one in force between the look and the deed', async () => {
    const { store, claims } = office
    await enrol('pi-1', 0)
    const { site } = take(store, 'pi-1', 'revoke', deed)
    const raced: Store = {
      ...store,
      together(body) {
        reissueClaim(store, claims, site, deed)
        return store.together(body)
      },
    }
    expect(await clearClaimFiles(raced, dir())).toEqual([])
    expect(existsSync(fileOf('pi-1'))).toBe(true)
  })

  it('are all that is touched in their folder', async () => {
    for (const name of ['stranger.claim.json', 'pi-1.claim.json.bak', 'notes.txt']) writeFileSync(join(dir(), name), '')
    take(office.store, 'pi-1', 'retire', deed)
    expect(await clearClaimFiles(office.store, dir())).toEqual(['pi-1'])
    expect(filesIn(dir())).toEqual([
      ...['notes.txt', 'pi-1.claim.json.bak', 'pi-2.claim.json', 'pi-3.claim.json', 'stranger.claim.json'],
    ])
  })

  it('need not be there', async () => {
    expect(await clearClaimFiles(office.store, join(dir(), 'nowhere'))).toEqual([])
  })

  it('are looked after by the service from its start', async () => {
    take(office.store, 'pi-1', 'retire', deed)
    const controller = new AbortController()
    const said: string[] = []
    const log = pino({ level: 'info' }, { write: (line: string) => void said.push(JSON.parse(line).serials.join()) })
    const keeping = keepClaimFiles(office.store, dir(), log, controller.signal)
    while (said.length === 0) await new Promise((resolve) => setImmediate(resolve))
    controller.abort()
    await keeping
    expect([said, files()]).toEqual([['pi-1'], ['pi-2', 'pi-3']])
  })
})
