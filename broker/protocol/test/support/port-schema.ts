import type { ConfigSchema } from '../../src/config.ts'

export interface PortConfig {
  readonly port: number
  readonly host: string
  readonly tls: { readonly cert: string }
}

/** A schema written by hand to the Standard Schema interface, so that nothing here depends on who else implements it. */
export const portSchema: ConfigSchema<PortConfig> = {
  '~standard': {
    validate(value) {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        return { issues: [{ message: 'expected an object' }] }
      }
      const { port, host = '127.0.0.1', tls, ...unknown } = value as Record<string, unknown>
      const cert = (tls as Record<string, unknown> | undefined)?.cert
      const isPort = typeof port === 'number' && Number.isInteger(port) && port >= 0 && port < 65_536
      const issues = [
        ...(isPort ? [] : [{ path: ['port'], message: `expected a port, got ${JSON.stringify(port)}` }]),
        ...(typeof host === 'string'
          ? []
          : [{ path: ['host'], message: `expected a text, got ${JSON.stringify(host)}` }]),
        ...(typeof cert === 'string' && cert !== ''
          ? []
          : [{ path: ['tls', { key: 'cert' }], message: `expected a path, got ${JSON.stringify(cert)}` }]),
        ...Object.keys(unknown).map((key) => ({ path: [key], message: 'unknown field' })),
      ]
      if (issues.length > 0) return { issues }
      return { value: { port: Number(port), host: String(host), tls: { cert: String(cert) } } }
    },
  },
}
