import type { ServedLine } from './run.ts'

/** Nobody reads more lines than this one by one. */
const MOST_TOLD = 20

/** What is served, and where, as text: every device, or, of many lines, the runs of ports that follow each other. */
export function toldOf(lines: readonly ServedLine[]): string[] {
  if (lines.length <= MOST_TOLD) {
    return lines.flatMap(({ name, transport, where, devices }) => [
      `${name}: ${transport} on ${where}`,
      ...devices.map((one) => `  unit ${one.unitId}: ${one.name}`),
    ])
  }
  return runsOf(lines).map(({ first, last, devices }) => {
    if (first === last) return `${first.name}: ${first.transport} on ${first.where}, ${devices} devices`
    return `${first.name} to ${last.name}: ${first.transport} on ${first.where} to ${last.port}, ${devices} devices`
  })
}

interface Run {
  readonly first: ServedLine
  last: ServedLine
  devices: number
}

function runsOf(lines: readonly ServedLine[]): Run[] {
  const runs: Run[] = []
  for (const line of lines) {
    const run = runs.at(-1)
    const { transport, port } = run?.last ?? {}
    if (run !== undefined && port !== undefined && line.port === port + 1 && line.transport === transport) {
      run.last = line
      run.devices += line.devices.length
    } else runs.push({ first: line, last: line, devices: line.devices.length })
  }
  return runs
}
