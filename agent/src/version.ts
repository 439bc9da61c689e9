import own from '../package.json' with { type: 'json' }

/** Of this software. */
export const VERSION_OF_AGENT: string = own.version
