/** How long a node may take to answer. */
const ANSWER_TIMEOUT_MS = 5_000

interface Answer<T> {
  readonly result?: T
  readonly error?: { readonly code: number; readonly message: string }
}

/** One call over HTTP, on no connection that a killed node could break. Rejects where there is no answer or an error. */
export async function jsonRpc<T>(port: number, method: string, params: readonly unknown[]): Promise<T> {
  const response = await fetch(`http://127.0.0.1:${port}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  })
  const { result, error } = (await response.json()) as Answer<T>
  if (error !== undefined) throw new Error(`${method}: ${error.code} ${error.message}`)
  return result as T
}
