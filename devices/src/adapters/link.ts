import type { LineRequest } from '../ports.ts'

/** One connection's life, used by one request at a time. */
export interface Link {
  readonly alive: boolean
  /** Whether the next request may be sent, at once or after a wait. False when none can be: a new connection has to be made. */
  ready(): boolean | Promise<boolean>
  /** The registers that were read, none for a write. Rejects with a Fault. */
  request(request: LineRequest, timeoutMs: number): Promise<readonly number[]>
  destroy(): void
}

export function nameOf(request: LineRequest, where: string): string {
  const { unitId, at } = request
  const [what, count] = 'values' in request ? ['write of', request.values.length] : [request.kind, request.count]
  return `${where} unit ${unitId} ${what} registers ${at}–${at + count - 1}`
}
