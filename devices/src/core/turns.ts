/** Jobs of several devices on one line, taken one device after the other, so that a greedy one delays nobody for long. */
export class Turns<Job> {
  #queues = new Map<number, Job[]>()
  readonly #mostPerUnit: number

  constructor(mostPerUnit: number) {
    this.#mostPerUnit = mostPerUnit
  }

  /** False where the device has too many jobs waiting already. */
  add(unitId: number, job: Job): boolean {
    const queue = this.#queues.get(unitId) ?? []
    if (queue.length >= this.#mostPerUnit) return false
    queue.push(job)
    this.#queues.set(unitId, queue)
    return true
  }

  /** The next job, of the device that has waited longest since its last turn. */
  take(): Job | undefined {
    for (const [unitId, queue] of this.#queues) {
      const job = queue.shift()
      // to the end of the round, or out of it
      this.#queues.delete(unitId)
      if (queue.length > 0) this.#queues.set(unitId, queue)
      return job
    }
    return undefined
  }

  /** Takes a job out before its turn; false where it is not waiting. */
  remove(unitId: number, job: Job): boolean {
    const queue = this.#queues.get(unitId)
    const at = queue?.indexOf(job) ?? -1
    if (queue === undefined || at < 0) return false
    queue.splice(at, 1)
    if (queue.length === 0) this.#queues.delete(unitId)
    return true
  }

  /** Empties everything. */
  drain(): Job[] {
    const jobs = [...this.#queues.values()].flat()
    this.#queues.clear()
    return jobs
  }
}
