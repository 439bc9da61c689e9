import { Fault } from '@wattfleet/protocol'
import type { EmbeddedChain } from '../chain.ts'
import type { Waiting } from '../pool.ts'
import { hexParam, type Methods } from './context.ts'
import { RpcFault, VERIFICATION_ERROR } from './fault.ts'

async function submit(chain: EmbeddedChain, extrinsic: unknown): Promise<Waiting> {
  const bytes = hexParam(extrinsic, 'extrinsic')
  try {
    return await chain.submit(bytes)
  } catch (error) {
    // the runtime traps on bytes that are no extrinsic
    if (error instanceof Fault) throw new RpcFault(VERIFICATION_ERROR, `Verification Error: ${error.message}`)
    throw error
  }
}

export const authorMethods: Methods = {
  author_submitExtrinsic: async ({ chain }, [extrinsic]) => (await submit(chain, extrinsic)).hash,
  author_pendingExtrinsics: ({ chain }) => chain.pool.list().map(({ extrinsic }) => extrinsic),
  author_submitAndWatchExtrinsic: async ({ chain, client }, [extrinsic]) => {
    const { hash } = await submit(chain, extrinsic)
    return client.subscribe('author_extrinsicUpdate', (send) => {
      send('ready')
      return chain.watch(hash, (news) => {
        if (news.state === 'refused') return send('invalid')
        send({ inBlock: news.block.hash })
        send({ finalized: news.block.hash })
      })
    })
  },
  author_unwatchExtrinsic: ({ client }, [id]) => client.unsubscribe(String(id)),
}
