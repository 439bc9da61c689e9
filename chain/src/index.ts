export * from './client/account.ts'
export type { OnNode } from './client/connection.ts'
export { type ExchangeClient, openExchange } from './client/exchange-client.ts'
export type { ChainQueries, Funds, SiteEntry } from './client/queries.ts'
export {
  communityRules,
  type EmbeddedConfig,
  embeddedConfig,
  type GenesisConfig,
  type GenesisRole,
} from './embedded/config.ts'
export * from './exchange.ts'
