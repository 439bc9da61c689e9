export { type AgentConfig, agentConfigSchema } from './config.ts'
export { type EnrolmentParts, enrol } from './enrol.ts'
export { type GatewayParts, runGateway } from './gateway.ts'
export * from './ports.ts'
