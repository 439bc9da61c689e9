/**
 * Values as expressions of what a house does and of time: numbers, names, `+ - * / %`, brackets, and a few functions.
 * Nothing else can be written, so a file from somebody else computes numbers and does nothing.
 */

/** What the names of an expression stand for at one moment. */
export type Names = Readonly<Record<string, number>>
export type Expression = (names: Names) => number

const FUNCTIONS: Readonly<Record<string, (...values: number[]) => number>> = {
  abs: Math.abs,
  ceil: Math.ceil,
  cos: Math.cos,
  floor: Math.floor,
  max: Math.max,
  min: Math.min,
  round: Math.round,
  sin: Math.sin,
  sqrt: Math.sqrt,
}

/** Deeper brackets than this are nobody's expression. */
const DEEPEST = 50
const TOKEN = /\s*(?:(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)|([A-Za-z_]\w*)|([-+*/%(),]))/iy

/** What an expression may say beside its names: for messages. */
export const FUNCTION_NAMES = Object.keys(FUNCTIONS)

interface Token {
  readonly is: 'number' | 'name' | 'sign' | 'end'
  readonly text: string
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  TOKEN.lastIndex = 0
  for (let at = 0; text.slice(at).trim() !== ''; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at
    const match = TOKEN.exec(text)
    if (match === null) throw new SyntaxError(`"${text}": cannot read "${text.slice(at).trim()}"`)
    const [, number, name, sign] = match
    if (number !== undefined) tokens.push({ is: 'number', text: number })
    else if (name !== undefined) tokens.push({ is: 'name', text: name })
    else tokens.push({ is: 'sign', text: sign ?? '' })
  }
  return tokens
}

const OPERATORS: Readonly<Record<string, { readonly level: 1 | 2; readonly of: (a: number, b: number) => number }>> = {
  '+': { level: 1, of: (a, b) => a + b },
  '-': { level: 1, of: (a, b) => a - b },
  '*': { level: 2, of: (a, b) => a * b },
  '/': { level: 2, of: (a, b) => a / b },
  '%': { level: 2, of: (a, b) => a % b },
}

const END: Token = { is: 'end', text: 'the end' }

/** Precedence climbing over the tokens of one expression. */
class Parser {
  readonly #text: string
  readonly #tokens: readonly Token[]
  readonly #known: ReadonlySet<string>
  #at = 0
  #depth = 0

  constructor(text: string, known: ReadonlySet<string>) {
    this.#text = text
    this.#tokens = tokensOf(text)
    this.#known = known
  }

  whole(): Expression {
    const expression = this.#sum(1)
    if (this.#next().is !== 'end') throw this.#unexpected()
    return expression
  }

  #next(): Token {
    return this.#tokens[this.#at] ?? END
  }

  #take(sign: string): boolean {
    const token = this.#next()
    const isThere = token.is === 'sign' && token.text === sign
    if (isThere) this.#at++
    return isThere
  }

  #unexpected(): SyntaxError {
    return new SyntaxError(`"${this.#text}": did not expect ${this.#next().text} there`)
  }

  #sum(level: 1 | 2): Expression {
    if (++this.#depth > DEEPEST) throw new SyntaxError(`"${this.#text}": too many brackets`)
    let left = this.#factor()
    for (let token = this.#next(); ; token = this.#next()) {
      const operator = token.is === 'sign' ? OPERATORS[token.text] : undefined
      if (operator === undefined || operator.level < level) break
      this.#at++
      const before = left
      const right = operator.level === 1 ? this.#sum(2) : this.#factor()
      left = (names) => operator.of(before(names), right(names))
    }
    this.#depth--
    return left
  }

  #factor(): Expression {
    if (this.#take('-')) {
      const value = this.#factor()
      return (names) => -value(names)
    }
    if (this.#take('(')) {
      const inner = this.#sum(1)
      if (!this.#take(')')) throw this.#unexpected()
      return inner
    }
    const token = this.#next()
    if (token.is === 'number') {
      this.#at++
      const value = Number(token.text)
      return () => value
    }
    if (token.is !== 'name') throw this.#unexpected()
    this.#at++
    return this.#take('(') ? this.#call(token.text) : this.#name(token.text)
  }

  #name(name: string): Expression {
    if (!this.#known.has(name)) {
      throw new SyntaxError(`"${this.#text}": there is no ${name}; there are ${[...this.#known].join(', ')}`)
    }
    return (names) => names[name] ?? Number.NaN
  }

  #call(name: string): Expression {
    const of = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined
    if (of === undefined) {
      throw new SyntaxError(`"${this.#text}": there is no function ${name}; there are ${FUNCTION_NAMES.join(', ')}`)
    }
    const values: Expression[] = []
    do values.push(this.#sum(1))
    while (this.#take(','))
    if (!this.#take(')')) throw this.#unexpected()
    return (names) => of(...values.map((value) => value(names)))
  }
}

/**
 * Reads an expression that may use these names. Throws SyntaxError that says what is wrong where.
 */
export function parseExpression(text: string, known: Iterable<string>): Expression {
  return new Parser(text, new Set(known)).whole()
}
