/** Which line of the file each row begins at; only rows that do not begin a line after the row before take room. */
export class Lines {
  readonly #rows: number[] = [];
  readonly #lines: number[] = [];

  /** @param line - counts from 1 */
  add(row: number, line: number): void {
    if (this.#rows.length > 0 && line === this.of(row)) return;
    this.#rows.push(row);
    this.#lines.push(line);
  }

  of(row: number): number {
    let [low, high] = [0, this.#rows.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#rows[middle]! <= row) low = middle;
      else high = middle - 1;
    }
    return this.#lines[low]! + row - this.#rows[low]!;
  }
}
