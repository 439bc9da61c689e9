import { WsProvider } from '@polkadot/api'
import { messageOf, pause } from '@wattfleet/protocol'

/** Between two attempts to connect. */
const RECONNECT_MS = 1_000
/** How soon what a broken connection left open is asked again once there is another. */
const ASK_AGAIN_MS = 200

/** How WsProvider 16.5.6 says that there was no answer, as opposed to an answer that is an error. */
const UNANSWERED = /^(disconnected from|WebSocket is not connected|No response received)/

/**
 * A provider whose questions outlive the connection: what broke off is asked again on the next one, until `signal` is
 * aborted. It must not fail, because failures stay: WsProvider keeps the answers to questions about a block for 30 s from
 * their last use, failed ones too, and the API replays the last answer to whoever asks the same within 1.75 s. Whoever
 * tries again every second would hear of a connection that broke once for ever.
 */
export function steadyProvider(endpoints: readonly string[], signal: AbortSignal): WsProvider {
  const provider = new WsProvider([...endpoints], RECONNECT_MS)
  const send = provider.send.bind(provider)
  provider.send = async (method, params, _isCacheable, subscription) => {
    for (;;) {
      try {
        return await send(method, params, false, subscription)
      } catch (error) {
        if (signal.aborted || !UNANSWERED.test(messageOf(error))) throw error
        await pause(ASK_AGAIN_MS, signal)
      }
    }
  }
  return provider
}
