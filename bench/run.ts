/** `npm run bench -- <name>`: ours and a peer in the same run, median of several; the last line is JSON with the ratio. */
const BENCHES: Readonly<
  Record<string, () => Promise<{ run(print: (line: string) => void): object | Promise<object> }>>
> = {
  broker: () => import('./broker.ts'),
  chain: () => import('./chain.ts'),
  enrol: () => import('./enrol.ts'),
  fleet: () => import('./fleet.ts'),
  intake: () => import('./intake.ts'),
  modbus: () => import('./modbus.ts'),
}

const name = process.argv[2] ?? ''
const load = BENCHES[name]
if (load === undefined) {
  process.stderr.write(`usage: npm run bench -- <name>, one of: ${Object.keys(BENCHES).join(', ')}\n`)
  process.exitCode = 2
} else {
  const { run } = await load()
  const result = await run((line) => process.stdout.write(`${line}\n`))
  process.stdout.write(`${JSON.stringify(result)}\n`)
}
