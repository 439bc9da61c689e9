import type { z } from 'zod'
import type { ClaimSettings } from '../claims.ts'
import type { GatewayView } from '../core/gateway-view.ts'
import type { ApiToken } from '../core/token.ts'
import type { Store } from '../ports.ts'
import type { TradesSource } from '../story.ts'

export interface ApiParts {
  readonly store: Store
  readonly claims: ClaimSettings
  readonly refusedPath: string
  readonly fleet: () => readonly GatewayView[]
  readonly trades: TradesSource
  /** The community that the service enrols into. */
  readonly community: number
  /** Whether gateways are let in by hand. */
  readonly byHand: boolean
  /** The wall's. */
  readonly nowMs: () => number
}

/** A call that was let in: its query and body are as the operation says. */
export interface Call<Q = unknown, B = unknown> {
  readonly caller: ApiToken
  readonly id: string
  readonly query: Q
  readonly body: B
  readonly signal: AbortSignal
}

export type Q<S extends z.ZodType> = Call<z.output<S>>
export type B<S extends z.ZodType> = Call<unknown, z.output<S>>
/** A body that is no JSON, as it came. */
export interface SentBody {
  readonly bytes: Buffer
  /** Without its parameters. */
  readonly type: string
}
