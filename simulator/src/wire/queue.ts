/** Requests that wait before no more is read: a master has one or a few open, more is a flood. */
const MOST_WAITING = 64

/** Jobs done one after the other, in their order. */
export class Queue<Job> {
  readonly #work: (job: Job) => Promise<void>
  readonly #onFull: (isFull: boolean) => void
  readonly #waiting: Job[] = []
  #working: Promise<void> | undefined
  #isFull = false

  /**
   * @param work does one job; it does not reject
   * @param onFull told when too many wait, and when they no longer do: whoever adds should hold back in between
   */
  constructor(work: (job: Job) => Promise<void>, onFull: (isFull: boolean) => void) {
    this.#work = work
    this.#onFull = onFull
  }

  add(job: Job): void {
    this.#waiting.push(job)
    if (!this.#isFull && this.#waiting.length >= MOST_WAITING) this.#tell(true)
    this.#working ??= this.#drain()
  }

  /** Resolves when nothing is waiting or being done. */
  async idle(): Promise<void> {
    await this.#working
  }

  async #drain(): Promise<void> {
    for (let job = this.#waiting.shift(); job !== undefined; job = this.#waiting.shift()) {
      await this.#work(job)
      if (this.#isFull && this.#waiting.length === 0) this.#tell(false)
    }
    // in the same turn of the event loop as the last look, so that no job falls between
    this.#working = undefined
  }

  #tell(isFull: boolean): void {
    this.#isFull = isFull
    this.#onFull(isFull)
  }
}
