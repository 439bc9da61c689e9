/** What a device is asked to do. Percentages of its rated power, 0 to 100. */
export type SetPoint =
  /** Gives no more than this; undefined: as much as it can. */
  | { readonly is: 'power-limit'; readonly percent: number | undefined }
  /**
   * What the battery does. `auto`: as the inverter decides. `hold`: neither charges nor discharges. From the grid only
   * where `fromGrid` says so.
   */
  | { readonly is: 'battery'; readonly mode: 'auto' | 'hold' }
  | { readonly is: 'battery'; readonly mode: 'charge'; readonly percent: number; readonly fromGrid?: boolean }
  | { readonly is: 'battery'; readonly mode: 'discharge'; readonly percent: number }

/**
 * How long a set-point may stand without being said again. A gateway that dies must not leave a house without its sun: the
 * device takes it back by itself.
 */
export const LONGEST_REVERT_S = 3_600

/** Throws RangeError for a percentage or a time out of bounds. */
export function assertWithin(setPoint: SetPoint, revertS: number): void {
  const percent = 'percent' in setPoint ? setPoint.percent : undefined
  if (percent !== undefined && !(percent >= 0 && percent <= 100)) {
    throw new RangeError(`${percent} % is not between 0 and 100`)
  }
  if (!(Number.isInteger(revertS) && revertS >= 1 && revertS <= LONGEST_REVERT_S)) {
    throw new RangeError(`a set-point stands for 1 to ${LONGEST_REVERT_S} s, not ${revertS}`)
  }
}

/** The set-point that takes this one back: the device does again what it does by itself. */
export function automaticOf({ is }: Pick<SetPoint, 'is'>): SetPoint {
  return is === 'battery' ? { is, mode: 'auto' } : { is, percent: undefined }
}

export function isAutomatic(setPoint: SetPoint): boolean {
  return setPoint.is === 'battery' ? setPoint.mode === 'auto' : setPoint.percent === undefined
}
