import type { RegisterRequest } from '../ports.ts'

/** One connection's life, used by one request at a time. */
export interface Link {
  readonly alive: boolean
  /** Rejects with a Fault. */
  request(request: RegisterRequest, timeoutMs: number): Promise<readonly number[]>
  destroy(): void
}

export function nameOf(request: RegisterRequest, where: string): string {
  const { unitId, kind, at, count } = request
  return `${where} unit ${unitId} ${kind} registers ${at}–${at + count - 1}`
}
