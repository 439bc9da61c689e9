import type { Enrol } from './enrol.ts'
import type { Renewer } from './renew.ts'

/** Enrolment and renewal that answer only when the broker's lists hold the certificate: its gateway connects with it at once. */
export function listedFirst(enrol: Enrol, { renew, proven }: Renewer, listed: () => Promise<void>) {
  const after =
    <A extends { readonly ok: boolean }>(ask: (body: string, signal: AbortSignal) => Promise<A>) =>
    async (body: string, signal: AbortSignal) => {
      const answer = await ask(body, signal)
      if (answer.ok) await listed()
      return answer
    }
  return { enrol: after(enrol), renewer: { renew: after(renew), proven } }
}
