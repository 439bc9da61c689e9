import type Database from 'better-sqlite3'
import type { Table } from '../orderbook/rows.ts'
import { guarded, type Sqlite } from './database.ts'

/** How a field is kept: `nano` as decimal text, because sums pass 64 bits; `json` as text; `bool` as 0 or 1. */
export type Kind = 'int' | 'text' | 'bool' | 'nano' | 'json'
export type Columns<T> = { readonly [K in keyof T]-?: Kind }

type Raw = Record<string, string | number | null>

function toRaw(value: unknown, kind: Kind): string | number | null {
  if (value === null || value === undefined) return null
  switch (kind) {
    case 'int':
      return Number(value)
    case 'text':
      return String(value)
    case 'bool':
      return value ? 1 : 0
    case 'nano':
      return String(value)
    case 'json':
      return JSON.stringify(value)
  }
}

function fromRaw(value: string | number | null, kind: Kind): unknown {
  if (value === null) return null
  switch (kind) {
    case 'int':
    case 'text':
      return value
    case 'bool':
      return value === 1
    case 'nano':
      return BigInt(value)
    case 'json':
      return JSON.parse(String(value))
  }
}

/** A table of rows of one type, with a growing `position` beside them. */
export interface SqlTable<T> extends Table<T> {
  /** `SELECT * FROM <name> <rest>` with parameters; the rest of the statement is code, never input. */
  select(rest: string, ...parameters: readonly (string | number)[]): (T & { readonly position: number })[]
}

function sqlType(kind: Kind): string {
  return kind === 'int' || kind === 'bool' ? 'INTEGER' : 'TEXT'
}

/** The statement that makes a table for rows of these columns. */
export function createTable<T>(name: string, columns: Columns<T>, key: readonly (keyof T & string)[]): string {
  const fields = Object.entries<Kind>(columns).map(([field, kind]) => `${field} ${sqlType(kind)}`)
  return `CREATE TABLE IF NOT EXISTS ${name} (position INTEGER PRIMARY KEY, ${fields.join(', ')}, UNIQUE (${key.join(', ')}));`
}

export function sqlTable<T>(
  db: Sqlite,
  name: string,
  columns: Columns<T>,
  key: readonly (keyof T & string)[],
): SqlTable<T> {
  const fields = Object.entries<Kind>(columns)
  const names = fields.map(([field]) => field)
  const put = db.prepare(
    `INSERT INTO ${name} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})
     ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${names.map((field) => `${field} = excluded.${field}`).join(', ')}`,
  )
  const parse = (raw: Raw) => {
    const row: Record<string, unknown> = { position: raw.position }
    for (const [field, kind] of fields) row[field] = fromRaw(raw[field] ?? null, kind)
    return row as T & { position: number }
  }
  const statements = new Map<string, Database.Statement<(string | number)[]>>()
  const select = (rest: string, ...parameters: readonly (string | number)[]) => {
    const statement = statements.get(rest) ?? db.prepare<(string | number)[]>(`SELECT * FROM ${name} ${rest}`)
    statements.set(rest, statement)
    return guarded(name, () => (statement.all(...parameters) as Raw[]).map(parse))
  }
  const byKey = `WHERE ${key.map((field) => `${field} = ?`).join(' AND ')}`
  return {
    select,
    get: (...of) => select(byKey, ...of)[0],
    put(row) {
      guarded(name, () => put.run(...fields.map(([field, kind]) => toRaw(row[field as keyof T], kind))))
    },
  }
}
