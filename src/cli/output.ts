import cliProgress from 'cli-progress';

export interface OutputFlags {
  json?: boolean;
  quiet?: boolean;
}

/** Columns that a terminal needs for what stands beside a bar. */
const BESIDE = 75;

/** Where a command writes: results to stdout, all else to stderr; with `json` one object a line on stdout. */
export class Output {
  readonly json: boolean;
  readonly #quiet: boolean;
  readonly #inWords: (text: string) => string;

  /** @param inWords - what the library says, in the words of the program */
  constructor({ json = false, quiet = false }: OutputFlags, inWords = (text: string) => text) {
    this.json = json;
    this.#quiet = quiet;
    this.#inWords = inWords;
  }

  /** A result to be read by people. */
  text(text: string): void {
    if (!this.json) process.stdout.write(`${text}\n`);
  }

  /** The same for machines. */
  event(event: string, data: object): void {
    if (this.json) process.stdout.write(`${JSON.stringify({ event, ...data })}\n`);
  }

  /** What is going on. */
  note(text: string): void {
    if (!this.#quiet) process.stderr.write(`${text}\n`);
  }

  /** What was decided for the user: a line each for people, an object for machines. */
  remarks(notes: readonly string[]): void {
    for (const text of notes.map(this.#inWords)) {
      this.note(text);
      this.event('note', { text });
    }
  }

  /** A bar that is redrawn on a terminal; elsewhere there is none, and lines have to do. */
  bar(format: string): cliProgress.SingleBar | undefined {
    if (this.#quiet || !process.stderr.isTTY) return undefined;
    const barsize = Math.max(5, Math.min(40, process.stderr.columns - BESIDE));
    const options = {
      format,
      barsize,
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      linewrap: false,
    };
    return new cliProgress.SingleBar(options, cliProgress.Presets.shades_classic);
  }
}
