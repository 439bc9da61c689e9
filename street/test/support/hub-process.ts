import type { Part, Supervisor } from '../../src/processes.ts'

/** The hub's process, which a test kills when it likes and starts again without a supervisor's growing pauses. */
export interface HubProcess {
  /** Starts it; resolves when it serves, or when it was killed before. */
  start(): Promise<void>
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>
  stop(): Promise<void>
}

export function hubProcess(part: Part, supervise: () => Supervisor): HubProcess {
  let life: { readonly supervisor: Supervisor; killed: boolean } | undefined
  return {
    async start() {
      const mine = { supervisor: supervise(), killed: false }
      life = mine
      try {
        await mine.supervisor.start(part)
      } catch (error) {
        if (!mine.killed) throw error
      }
    },
    async kill() {
      if (life === undefined) return
      life.killed = true
      kill9(life.supervisor.pids().get(part.name))
      // it waits until the process is gone, and starts no other
      await life.supervisor.stop()
    },
    stop: async () => life?.supervisor.stop(),
  }
}

/** SIGKILL. Whether there was such a process. */
export function kill9(pid: number | undefined): boolean {
  if (pid === undefined) return false
  try {
    return process.kill(pid, 'SIGKILL')
  } catch {
    return false
  }
}
