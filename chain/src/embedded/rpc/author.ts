import { hexParam, type Methods } from './context.ts'

export const authorMethods: Methods = {
  author_submitExtrinsic: async ({ chain }, [extrinsic]) => (await chain.submit(hexParam(extrinsic, 'extrinsic'))).hash,
  author_pendingExtrinsics: ({ chain }) => chain.pool.list().map(({ extrinsic }) => extrinsic),
  author_submitAndWatchExtrinsic: async ({ chain, client }, [extrinsic]) => {
    const { hash } = await chain.submit(hexParam(extrinsic, 'extrinsic'))
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
