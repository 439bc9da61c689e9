/** The two counters of the grid connection (OBIS 1.8.0 and 2.8.0) at one moment of the injected clock. */
export interface CounterReading {
  readonly atMs: number
  /** Cumulative, Wh, not yet rounded. */
  readonly importWh: number
  readonly exportWh: number
  /** The smallest step of the counters, Wh: what a reading may be off by. */
  readonly stepWh: number
}

/** Power at the grid connection; import and export are two figures, at most one above zero. */
export interface GridPower {
  readonly importW: number
  readonly exportW: number
}
