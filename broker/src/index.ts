export { type Broker, type BrokerOptions, type BrokerStats, startBroker } from './broker.ts'
export { type BrokerConfig, type BrokerLimits, brokerConfig, limitsSchema } from './config.ts'
export { REFUSALS, type Refusal } from './refusals.ts'
