/**
 * Whether the texts of a column of numbers are digits, all as many, of which some begin with 0: 007 and 010 are names rather than
 * numbers, and how many digits there are brings the zeros back.
 */
export class ZeroPadding {
  /** -1 where texts differ. */
  #digits = 0;
  #zeros = false;

  add(cell: string | number | bigint): void {
    if (this.#digits < 0) return;
    if (typeof cell !== 'string' || (this.#digits > 0 && cell.length !== this.#digits) || !areDigits(cell)) {
      this.#digits = -1;
      return;
    }
    this.#digits = cell.length;
    if (cell.charCodeAt(0) === 48) this.#zeros = true;
  }

  /** How many digits each text has; undefined where they are no such texts. */
  get digits(): number | undefined {
    return this.#zeros && this.#digits > 1 ? this.#digits : undefined;
  }
}

/** A number that has had zeros before it as it was written. @param digits - undefined for others */
export function padded(text: string, digits: number | undefined): string {
  return digits === undefined || !areDigits(text) ? text : text.padStart(digits, '0');
}

/** More digits than float64 holds are texts anyway. */
const MOST_DIGITS = 15;

function areDigits(text: string): boolean {
  if (text.length === 0 || text.length > MOST_DIGITS) return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 48 || code > 57) return false;
  }
  return true;
}
