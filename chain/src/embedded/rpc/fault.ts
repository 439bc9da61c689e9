/** A JSON-RPC error as clients of Substrate nodes expect it. */
export class RpcFault extends Error {
  readonly code: number
  readonly data: string | undefined
  constructor(code: number, message: string, data?: string) {
    super(message)
    this.name = 'RpcFault'
    this.code = code
    this.data = data
  }
}

// JSON-RPC 2.0, section 5.1, and those that jsonrpsee (the server in Substrate's nodes) adds
export const PARSE_ERROR = -32700
export const INVALID_REQUEST = -32600
export const METHOD_NOT_FOUND = -32601
export const INVALID_PARAMS = -32602
export const INTERNAL_ERROR = -32603
export const TOO_MANY_SUBSCRIPTIONS = -32006
export const TOO_BIG_BATCH = -32010
// sc-rpc-api's
export const VERIFICATION_ERROR = 1002
export const INVALID_COUNT = 4002
export const CLIENT_ERROR = 4003

export function invalidParams(reason: string): RpcFault {
  return new RpcFault(INVALID_PARAMS, 'Invalid params', reason)
}
