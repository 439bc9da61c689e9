import { Fault } from '@wattfleet/protocol'
import qrcode from 'qrcode-generator'
import { A4, type Font, type Page, POINTS_PER_MM, type Squares, type TextLine } from './pdf.ts'

export interface Label {
  readonly serial: string
  /** What the code says. */
  readonly code: string
  /** Lines below the serial, in small print. */
  readonly lines: readonly string[]
}

/** How an A4 sheet is divided; the labels have no gaps between them. */
export interface Grid {
  readonly columns: number
  readonly rows: number
}

/** Labels of 70 by 37 mm, 24 on a sheet: the commonest there are. */
export const USUAL_GRID: Grid = { columns: 3, rows: 8 }

/** Printers leave the edge of a sheet white; and the code needs white around it (ISO/IEC 18004: four modules). */
const MARGIN_MM = 4
/** Below it the modules of a claim's code are smaller than the 0.35 mm that a phone reads at arm's length. */
const LEAST_CODE_MM = 20
/** Beside the code there is room for the serial. */
const MOST_OF_WIDTH = 0.5
const SERIAL_LETTERS_A_LINE = 16
const SERIAL_PT = 9
const SMALL_PT = 6.5
/** Letters of the small print, of a line's width: wider than nearly every text in Helvetica. */
const SMALL_LETTER_OF_SIZE = 0.56
/** Every letter of Courier is so wide, of its size. */
const MONO_LETTER_OF_SIZE = 0.6

/**
 * Pages of labels, the first one beginning after `skip` that are used already. Throws Fault `config` where a label of this
 * grid has no room for a code.
 */
export function sheetsOf(labels: readonly Label[], grid = USUAL_GRID, skip = 0): Page[] {
  const place = placesOf(grid)
  const perPage = grid.columns * grid.rows
  const pages: { texts: TextLine[]; squares: Squares[] }[] = []
  for (const [at, label] of labels.entries()) {
    const position = at + skip
    const page = Math.floor(position / perPage)
    while (pages.length <= page) pages.push({ texts: [], squares: [] })
    const { texts, squares } = drawn(label, place(position % perPage))
    pages[page]?.texts.push(...texts)
    pages[page]?.squares.push(squares)
  }
  return pages
}

interface Place {
  /** Upper left corner of the label, and what is inside its margins. */
  readonly leftPt: number
  readonly topPt: number
  readonly widthPt: number
  readonly codePt: number
}

function placesOf({ columns, rows }: Grid): (position: number) => Place {
  const [width, height] = [A4.widthPt / columns, A4.heightPt / rows]
  const margin = MARGIN_MM * POINTS_PER_MM
  const codePt = Math.min(height - 2 * margin, MOST_OF_WIDTH * (width - 2 * margin))
  if (codePt < LEAST_CODE_MM * POINTS_PER_MM) {
    throw new Fault('config', `--grid: expected labels with room for a code of ${LEAST_CODE_MM} mm, such as 3x8`)
  }
  return (position) => ({
    leftPt: (position % columns) * width + margin,
    topPt: A4.heightPt - Math.floor(position / columns) * height - (height - codePt) / 2,
    widthPt: width - 2 * margin,
    codePt,
  })
}

function drawn({ serial, code, lines }: Label, { leftPt, topPt, widthPt, codePt }: Place) {
  const xPt = leftPt + codePt + MARGIN_MM * POINTS_PER_MM
  const roomPt = widthPt - codePt - MARGIN_MM * POINTS_PER_MM
  const texts: TextLine[] = []
  let yPt = topPt
  const write = (text: string, font: Font, sizePt: number) => {
    yPt -= sizePt * 1.25
    texts.push({ text, font, sizePt, xPt, yPt })
  }
  const parts = chunks(serial, SERIAL_LETTERS_A_LINE)
  const letters = Math.max(...parts.map((part) => part.length))
  const sizePt = Math.min(SERIAL_PT, roomPt / (letters * MONO_LETTER_OF_SIZE))
  for (const part of parts) write(part, 'mono', sizePt)
  yPt -= SMALL_PT / 2
  const fits = Math.floor(roomPt / (SMALL_PT * SMALL_LETTER_OF_SIZE))
  for (const line of lines.flatMap((text) => chunks(text, fits))) write(line, 'regular', SMALL_PT)
  return { texts, squares: { rows: modulesOf(code), xPt: leftPt, yPt: topPt - codePt, sidePt: codePt } }
}

function chunks(text: string, length: number): string[] {
  const letters = [...text]
  return Array.from({ length: Math.ceil(letters.length / length) }, (_, at) =>
    letters.slice(at * length, (at + 1) * length).join(''),
  )
}

/** The modules of a QR code that may lose 15% (level M), row by row. */
export function modulesOf(text: string): boolean[][] {
  const code = qrcode(0, 'M')
  code.addData(text, 'Byte')
  code.make()
  const count = code.getModuleCount()
  return Array.from({ length: count }, (_, row) =>
    Array.from({ length: count }, (_, column) => code.isDark(row, column)),
  )
}
