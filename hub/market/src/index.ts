export * from './match.ts'
export * from './merkle.ts'
export * from './settle.ts'
