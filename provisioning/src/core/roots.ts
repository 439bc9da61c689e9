/** Somebody who trusts the utility by what it was last told. */
export interface Truster {
  readonly serial: string
  /** SHA-256 fingerprints of the roots that it trusts. */
  readonly roots: ReadonlySet<string>
}

/** A claim that was written out and may still be used. */
export interface OpenClaim {
  readonly serial: string
  readonly writtenMs: number
}

/** What was last put into the folder of a broker, a hub or whoever else the operator made a certificate for. */
export interface ServerIdentity {
  readonly name: string
  readonly folder: string
  /** SHA-256 of its certificate, and of the root that this goes back to, hex. */
  readonly fingerprint: string
  readonly root: string
  readonly notAfterMs: number
  /** The roots that it was told to trust. */
  readonly roots: readonly string[]
}

/** Who would be cut off if everything stood under one root from now on. */
export interface Behind {
  /** Gateways that were not told of it yet, by serial. */
  readonly gateways: readonly string[]
  /** Gateways whose claim was written before it was trusted: what they enrol with does not know it. */
  readonly claims: readonly string[]
}

/** `trustedMs`: when the root was added to those that are handed out; undefined for one that has been there from the start. */
export function behind(
  root: string,
  trustedMs: number | undefined,
  trusters: readonly Truster[],
  claims: readonly OpenClaim[],
): Behind {
  return {
    gateways: trusters.filter(({ roots }) => !roots.has(root)).map(({ serial }) => serial),
    claims: claims.filter(({ writtenMs }) => writtenMs < (trustedMs ?? 0)).map(({ serial }) => serial),
  }
}

/** As an operator is told of it: there may be several of one name. */
export function labelOf({ name, folder }: Pick<ServerIdentity, 'name' | 'folder'>): string {
  return `${name} (${folder})`
}

/** Servers that do not trust a root: they would not believe those whose certificate goes back to it. */
export function serversBehind(root: string, servers: readonly ServerIdentity[], nowMs: number): string[] {
  return alive(servers, nowMs)
    .filter(({ roots }) => !roots.includes(root))
    .map(labelOf)
}

/** Servers whose certificate goes back to a root: without it nobody would believe them. */
export function serversUnder(root: string, servers: readonly ServerIdentity[], nowMs: number): string[] {
  return alive(servers, nowMs)
    .filter((one) => one.root === root)
    .map(labelOf)
}

/** One whose certificate is over connects to nobody. */
function alive(servers: readonly ServerIdentity[], nowMs: number): readonly ServerIdentity[] {
  return servers.filter(({ notAfterMs }) => notAfterMs > nowMs)
}
