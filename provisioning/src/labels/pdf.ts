import { deflateSync } from 'node:zlib'

/*
 * As much of PDF (ISO 32000-1) as a sheet of labels needs: pages of filled squares and lines of text in the fonts that every
 * reader has. Lengths are points, 1/72 inch, from a page's lower left corner.
 */

export const POINTS_PER_MM = 72 / 25.4
export const A4 = { widthPt: 210 * POINTS_PER_MM, heightPt: 297 * POINTS_PER_MM } as const

export const FONTS = { regular: 'Helvetica', bold: 'Helvetica-Bold', mono: 'Courier-Bold' } as const
export type Font = keyof typeof FONTS

export interface TextLine {
  readonly text: string
  readonly font: Font
  readonly sizePt: number
  readonly xPt: number
  readonly yPt: number
}

/** Dark modules of a code, row by row from the top, in a square. */
export interface Squares {
  readonly rows: readonly (readonly boolean[])[]
  readonly xPt: number
  readonly yPt: number
  readonly sidePt: number
}

export interface Page {
  readonly texts: readonly TextLine[]
  readonly squares: readonly Squares[]
}

/** A document of A4 pages. The same pages give the same bytes. */
export function pdfOf(pages: readonly Page[]): Uint8Array {
  const fonts = Object.values(FONTS).map(
    (name) => `<< /Type /Font /Subtype /Type1 /BaseFont /${name} /Encoding /WinAnsiEncoding >>`,
  )
  // objects by number from 1: catalogue, page tree, fonts, then each page and its content
  const firstPage = 3 + fonts.length
  const resources = `<< /Font << ${Object.keys(FONTS)
    .map((key, at) => `/${key} ${3 + at} 0 R`)
    .join(' ')} >> >>`
  const kids = pages.map((_, at) => `${firstPage + 2 * at} 0 R`).join(' ')
  const box = `[0 0 ${figure(A4.widthPt)} ${figure(A4.heightPt)}]`
  const objects: (string | Buffer)[] = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    `<< /Type /Pages /Kids [${kids}] /Count ${pages.length} /MediaBox ${box} /Resources ${resources} >>`,
    ...fonts,
    ...pages.flatMap((page, at) => [
      `<< /Type /Page /Parent 2 0 R /Contents ${firstPage + 2 * at + 1} 0 R >>`,
      stream(contentOf(page)),
    ]),
  ]
  return fileOf(objects)
}

/** 7.5: header, body, cross-reference table with byte offsets, trailer. */
function fileOf(objects: readonly (string | Buffer)[]): Uint8Array {
  const parts: Buffer[] = [Buffer.from('%PDF-1.4\n%\xe2\xe3\xcf\xd3\n', 'latin1')]
  const offsets: number[] = []
  let length = parts[0]?.length ?? 0
  const put = (part: string | Buffer) => {
    const bytes = typeof part === 'string' ? Buffer.from(part, 'latin1') : part
    parts.push(bytes)
    length += bytes.length
  }
  for (const [at, object] of objects.entries()) {
    offsets.push(length)
    put(`${at + 1} 0 obj\n`)
    put(object)
    put('\nendobj\n')
  }
  const start = length
  const entries = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('')
  put(`xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${entries}`)
  put(`trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${start}\n%%EOF\n`)
  return Buffer.concat(parts)
}

function stream(content: string): Buffer {
  const bytes = deflateSync(Buffer.from(content, 'latin1'))
  const head = Buffer.from(`<< /Length ${bytes.length} /Filter /FlateDecode >>\nstream\n`, 'latin1')
  return Buffer.concat([head, bytes, Buffer.from('\nendstream', 'latin1')])
}

function contentOf({ texts, squares }: Page): string {
  return [...squares.map(squaresOf), ...texts.map(textOf)].join('\n')
}

/** One path for a whole code, so that no reader shows seams between its modules. */
function squaresOf({ rows, xPt, yPt, sidePt }: Squares): string {
  const scale = figure(sidePt / Math.max(1, rows.length), 6)
  const runs: string[] = []
  for (const [at, row] of rows.entries()) {
    for (let from = 0; from < row.length; from++) {
      if (!row[from]) continue
      let to = from
      while (row[to]) to++
      runs.push(`${from} ${rows.length - 1 - at} ${to - from} 1 re`)
      from = to
    }
  }
  return ['q', `${scale} 0 0 ${scale} ${figure(xPt)} ${figure(yPt)} cm`, ...runs, 'f', 'Q'].join('\n')
}

function textOf({ text, font, sizePt, xPt, yPt }: TextLine): string {
  return `BT /${font} ${figure(sizePt)} Tf ${figure(xPt)} ${figure(yPt)} Td (${escaped(text)}) Tj ET`
}

/** 7.3.4.2; what the encoding does not have becomes a question mark. Latin-1 and WinAnsi agree from 0xA0 on. */
function escaped(text: string): string {
  return text.replace(/[^\x20-\x7e\xa0-\xff]/gu, '?').replace(/[\\()]/g, '\\$&')
}

function figure(value: number, digits = 3): string {
  return String(Number(value.toFixed(digits)))
}
