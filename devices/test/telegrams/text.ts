/** Builds readable telegrams as meters push them. */

export interface TextOptions {
  /** Wh, with seven decimals of a kWh: so EasyMeter sends them. */
  readonly importWh?: number
  readonly exportWh?: number
  /** Drawn from the grid above zero. */
  readonly powerW?: number
}

/** The lines of a telegram, with their ends. */
export function textLines({ importWh, exportWh, powerW }: TextOptions): string {
  const kWh = (wh: number) => (wh / 1_000).toFixed(7).padStart(16, '0')
  const lines = [
    '1-0:0.0.0*255(0273011003684)',
    ...(importWh === undefined ? [] : [`1-0:1.8.0*255(${kWh(importWh)}*kWh)`]),
    ...(exportWh === undefined ? [] : [`1-0:2.8.0*255(${kWh(exportWh)}*kWh)`]),
    ...(powerW === undefined ? [] : [`1-0:16.7.0*255(${powerW.toFixed(2)}*W)`]),
  ]
  return lines.map((line) => `${line}\r\n`).join('')
}

export const HEAD = '/ESY5Q3DA1004 V3.02\r\n\r\n'
const bytesOf = (text: string) => new TextEncoder().encode(text)

/** In mode D: nothing checks it. */
export function textTelegram(options: TextOptions): Uint8Array {
  return bytesOf(`${HEAD}${textLines(options)}!\r\n`)
}

/** With a block check behind it. */
export function checkedTelegram(options: TextOptions): Uint8Array {
  const covered = bytesOf(`${textLines(options)}!\r\n\x03`)
  const check = covered.reduce((sum, byte) => sum ^ byte, 0)
  return Uint8Array.from([...bytesOf(`${HEAD}\x02`), ...covered, check])
}
