import { FIRST_PHASE, type Phase, PHASES } from '../memory/control.ts';

const INDEX = Object.fromEntries(PHASES.map((phase, i) => [phase, FIRST_PHASE + i])) as Record<Phase, number>;

/**
 * Adds the time since the last lap to a phase of a worker's statistics, in seconds.
 *
 * It allocates nothing once it is compiled: V8 takes the pair that `process.hrtime` returns apart, while the number that
 * `performance.now` returns is boxed. A lap costs some 40 ns.
 */
export class Stopwatch {
  readonly #statistics: Float64Array;
  /** Of the last lap: seconds, nanoseconds. */
  readonly #last = new Float64Array(2);

  constructor(statistics: Float64Array) {
    this.#statistics = statistics;
  }

  start(): void {
    const [seconds, nanoseconds] = process.hrtime();
    this.#last[0] = seconds;
    this.#last[1] = nanoseconds;
  }

  lap(phase: Phase): void {
    const [seconds, nanoseconds] = process.hrtime();
    const last = this.#last;
    this.#statistics[INDEX[phase]]! += seconds - last[0]! + (nanoseconds - last[1]!) * 1e-9;
    last[0] = seconds;
    last[1] = nanoseconds;
  }
}
