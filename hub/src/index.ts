export { createViews, type ViewSources, type Views } from './adapters/views.ts'
export { type HubConfig, hubConfig, ROLES, type Role } from './config.ts'
export { type Gateway, type GatewayOptions, startGateway } from './gateway/server.ts'
export { runHub } from './hub.ts'
