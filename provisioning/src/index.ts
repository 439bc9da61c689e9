export { type Authority, createAuthority, type IssuedLeaf, type LeafRequest } from './authority/authority.ts'
export {
  type Identity,
  type IdentityPaths,
  issueHubCertificate,
  issueServerCertificate,
  issueUtilityCertificate,
  keepIdentity,
  LOOPBACK_HOSTS,
} from './authority/identities.ts'
export { claimPath } from './claims.ts'
export { type ProvisioningConfig, provisioningConfig } from './config.ts'
export { admittedPath, refusedKeysBeside } from './fleet.ts'
export { importManifestFile, type ManifestGateway } from './manifest-import.ts'
export { authorityDir, refusedPath } from './office.ts'
export type { ChainFacts, ChainSite, Registrar } from './ports.ts'
