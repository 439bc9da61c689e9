/** What a caller of the API may do. */
export const RIGHTS = [
  'read', // the fleet by its pseudonyms
  'households', // the utility's references of households beside them
  'audit', // who did what
  'operate', // what can be taken back: approve, suspend, resume, release, reissue, import
  'end', // what cannot: revoke, retire
  'tokens', // who may call
] as const
export type Right = (typeof RIGHTS)[number]

/** Roles, each with no more than its work needs. */
export const ROLES = {
  /** A wall display, a dashboard. */
  viewer: ['read'],
  /** Whoever answers when a household calls. */
  support: ['read', 'households'],
  /** A regulator or auditor: everything that was done, and no household's name. */
  auditor: ['read', 'audit'],
  operator: ['read', 'households', 'audit', 'operate'],
  admin: RIGHTS,
} as const satisfies Record<string, readonly Right[]>
export type Role = keyof typeof ROLES
export const ROLE_NAMES = Object.keys(ROLES) as [Role, ...Role[]]

export function mayDo(role: Role, right: Right): boolean {
  return (ROLES[role] as readonly Right[]).includes(right)
}
