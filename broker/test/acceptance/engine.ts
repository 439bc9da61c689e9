import type { Leaf, TestAuthority } from '../fixtures/certificates.ts'

export type EngineName = 'aedes' | 'redis' | 'mosquitto' | 'rabbitmq'

/** What an engine is given: everything that lies in this folder is gone after the test. */
export interface Place {
  readonly folder: string
  readonly port: number
  /** The embedded broker's configuration file, which every engine's is made from. */
  readonly configPath: string
  /** One name a line. */
  readonly gatewaysPath: string
  /** Names of gateways that are shut out, one a line. */
  readonly shutOutPath: string
  /** One SHA-256 fingerprint a line. */
  readonly revokedPath: string
  /** PEM, issued by the authority. */
  readonly crlPath: string
  readonly hubs: readonly string[]
  readonly authority: TestAuthority
}

/** A broker in a process of its own, with the configuration that is generated for it. */
export interface Running {
  /** Asks it to stop, and resolves when it has. */
  stop(): Promise<void>
  /** Ends it as a power cut would. */
  kill(): Promise<void>
  /** Starts it again on the same state. */
  start(): Promise<void>
  /** Does what this engine's operator does to shut a certificate out, by the means docs/broker-engines.md names. */
  revoke(leaf: Leaf & { readonly name: string }): Promise<void>
  /** Stops it and whatever else it brought along. */
  close(): Promise<void>
}

export interface Engine {
  readonly name: EngineName
  /** What has to be installed, where it is not. */
  missing(): string | undefined
  start(place: Place): Promise<Running>
}
