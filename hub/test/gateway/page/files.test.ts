import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readPageFiles } from '../../../src/gateway/page-files.ts'
import { get, running } from '../running.ts'

describe('the page', () => {
  it('serves every file of its folder, with its type', async () => {
    const { url } = await running()
    const folder = readdirSync(new URL('../../../src/gateway/page/', import.meta.url))
    const wanted = folder
      .filter((name) => !name.endsWith('.d.ts'))
      .map((name) => (name === 'index.html' ? '/' : `/${name}`))
    expect(
      readPageFiles()
        .map((file) => file.path)
        .sort(),
    ).toEqual(wanted.sort())
    const types: Record<string, string> = {
      js: 'text/javascript',
      css: 'text/css',
      svg: 'image/svg+xml',
      '/': 'text/html',
    }
    for (const path of wanted) {
      const { status, headers } = await get(url + path)
      const type = types[path.split('.')[1] ?? '/']
      expect([path, status, headers.get('content-type')?.split(';')[0]]).toEqual([path, 200, type])
      expect(headers.get('cache-control')).toBe('no-cache')
    }
  })

  it('holds nothing that its own policy forbids, and loads only what is there', async () => {
    const { url } = await running()
    const { body } = await get(url)
    expect(body).not.toMatch(/<script(?![^>]* src=)|<style|\son\w+=|\sstyle=|javascript:/)
    const references = [...body.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, path]) => path as string)
    expect(references.length).toBeGreaterThan(5)
    for (const path of references) {
      expect(path).toMatch(/^\/[a-z]/)
      expect([path, (await get(url + path)).status]).toEqual([path, 200])
    }
  })

  it('imports only what is served', async () => {
    const { url } = await running()
    for (const file of readPageFiles().filter((each) => each.path.endsWith('.js'))) {
      for (const [, name] of file.body.toString().matchAll(/from '\.\/([^']+)'/g)) {
        expect([name, (await get(`${url}/${name}`)).status]).toEqual([name, 200])
      }
    }
  })
})
