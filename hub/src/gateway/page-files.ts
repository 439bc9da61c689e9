import { readFileSync } from 'node:fs'

/** The page's files, read once at start: few, small, and known by name, so that no path from outside reaches the disk. */
const FILES = {
  '/': { file: 'index.html', type: 'text/html; charset=utf-8' },
  '/app.css': { file: 'app.css', type: 'text/css; charset=utf-8' },
  '/app.js': { file: 'app.js', type: 'text/javascript; charset=utf-8' },
  '/format.js': { file: 'format.js', type: 'text/javascript; charset=utf-8' },
  '/state.js': { file: 'state.js', type: 'text/javascript; charset=utf-8' },
  '/tables.js': { file: 'tables.js', type: 'text/javascript; charset=utf-8' },
  '/favicon.svg': { file: 'favicon.svg', type: 'image/svg+xml' },
} as const

export interface PageFile {
  readonly path: string
  readonly type: string
  readonly body: Buffer
}

export function readPageFiles(): PageFile[] {
  return Object.entries(FILES).map(([path, { file, type }]) => ({
    path,
    type,
    body: readFileSync(new URL(`page/${file}`, import.meta.url)),
  }))
}
