/** What a literal of Python holds: of a dictionary the entries by name, of a list or tuple the parts. */
export type Literal = string | number | boolean | null | readonly Literal[] | ReadonlyMap<string, Literal>;

/** Within one another. */
const DEEPEST = 16;

/**
 * Reads a literal as `repr` writes it, of Python 2 as well: 80L is an integer there, and u'x' a text.
 * @returns undefined where it is none, or has what headers of arrays have no use for
 */
export function parseLiteral(text: string): Literal | undefined {
  const reader = new Reader(text);
  const value = reader.value(0);
  return value !== undefined && reader.atEnd() ? value : undefined;
}

const WORDS: Readonly<Record<string, boolean | null>> = { True: true, False: false, None: null };
const TOKEN = /\s*(?:[ub]?('(?:[^'\\]|\\['"\\])*'|"(?:[^"\\]|\\['"\\])*")|(-?\d+)L?|(True|False|None)|([[\](){},:]))/y;
const CLOSING: Readonly<Record<string, string>> = { '[': ']', '(': ')', '{': '}' };

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  atEnd(): boolean {
    return this.#text.slice(this.#at).trim() === '';
  }

  value(depth: number): Literal | undefined {
    const [, quoted, digits, word, sign] = this.#next() ?? [];
    if (quoted !== undefined) return quoted.slice(1, -1).replaceAll(/\\(.)/g, '$1');
    if (digits !== undefined) return Number(digits);
    if (word !== undefined) return WORDS[word];
    if (sign === undefined || depth === DEEPEST || CLOSING[sign] === undefined) return undefined;
    return sign === '{' ? this.#entries(depth + 1) : this.#parts(CLOSING[sign], depth + 1);
  }

  #parts(closing: string, depth: number): Literal[] | undefined {
    const parts: Literal[] = [];
    while (!this.#skip(closing)) {
      const part = this.value(depth);
      if (part === undefined) return undefined;
      parts.push(part);
      if (!this.#skip(',') && this.#peek() !== closing) return undefined;
    }
    return parts;
  }

  #entries(depth: number): Map<string, Literal> | undefined {
    const entries = new Map<string, Literal>();
    while (!this.#skip('}')) {
      const key = this.value(depth);
      if (typeof key !== 'string' || !this.#skip(':')) return undefined;
      const value = this.value(depth);
      if (value === undefined) return undefined;
      entries.set(key, value);
      if (!this.#skip(',') && this.#peek() !== '}') return undefined;
    }
    return entries;
  }

  #next(): RegExpExecArray | undefined {
    TOKEN.lastIndex = this.#at;
    const found = TOKEN.exec(this.#text) ?? undefined;
    if (found !== undefined) this.#at = TOKEN.lastIndex;
    return found;
  }

  /** The sign that comes next, if one does. */
  #peek(): string | undefined {
    const before = this.#at;
    const sign = this.#next()?.[4];
    this.#at = before;
    return sign;
  }

  #skip(sign: string): boolean {
    const found = this.#peek() === sign;
    if (found) this.#next();
    return found;
  }
}
