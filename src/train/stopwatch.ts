import { FIRST_PHASE, type Phase, PHASES } from '../memory/control.ts';

const INDEX = Object.fromEntries(PHASES.map((phase, i) => [phase, FIRST_PHASE + i])) as Record<Phase, number>;

/** Adds the time since the last lap to a phase of a worker's statistics, in seconds. Allocates nothing. */
export class Stopwatch {
  readonly #statistics: Float64Array;
  #last = 0;

  constructor(statistics: Float64Array) {
    this.#statistics = statistics;
  }

  start(): void {
    this.#last = performance.now();
  }

  lap(phase: Phase): void {
    const now = performance.now();
    this.#statistics[INDEX[phase]]! += (now - this.#last) / 1000;
    this.#last = now;
  }
}
