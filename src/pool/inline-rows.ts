import { Random } from '../core/random.ts';
import type { OutputArray } from '../core/scaling.ts';

/** A batch predicted both ways; seconds, the median of several times. */
export interface PredictionTiming {
  readonly rows: number;
  readonly inline: number;
  readonly threads: number;
}

/** Up to which size batches are predicted on the calling thread, and why. */
export interface InlineChoice {
  readonly inlineRows: number;
  readonly inlineReason: string;
  /** What was measured; nothing where `inlineRows` was given. */
  readonly timings: readonly PredictionTiming[];
}

const TIMES = 5;
/** The longest that a batch may keep the event loop waiting; seconds. */
const LONGEST = 0.008;

type Predict = (X: Float32Array, rows: number) => OutputArray | Promise<OutputArray>;

/**
 * Times batches of 1, 2, 4, ... rows of made-up inputs on the calling thread and on the threads, in turn, until one takes 8 ms on
 * the calling thread. Larger ones go to the threads in any case: they would hold up the event loop.
 * @param inputs - n
 */
export async function measureInlineRows(inputs: number, inline: Predict, threads: Predict): Promise<InlineChoice> {
  const timings: PredictionTiming[] = [];
  const random = new Random(1);
  for (let rows = 1; ; rows *= 2) {
    const X = Float32Array.from({ length: rows * inputs }, () => random.uniform() - 0.5);
    const [a, b]: [number[], number[]] = [[], []];
    for (let i = 0; i < TIMES; i++) {
      a.push(await secondsOf(inline, X, rows));
      b.push(await secondsOf(threads, X, rows));
    }
    timings.push({ rows, inline: middle(a), threads: middle(b) });
    if (middle(a) > LONGEST) return chooseInlineRows(timings);
  }
}

/** The largest batch that the calling thread predicted faster than the threads did. Pure. */
export function chooseInlineRows(timings: readonly PredictionTiming[]): InlineChoice {
  const last = timings.at(-1)!.rows;
  const faster = timings.findLast(({ inline, threads }) => inline < threads);
  const inlineRows = faster?.rows ?? 0;
  const inlineReason =
    faster === undefined
      ? 'the threads are faster for every number of rows'
      : inlineRows === last
        ? `up to ${last} rows the calling thread was measured to be faster; more would hold up its event loop`
        : `from ${2 * inlineRows} rows on the threads were measured to be faster`;
  return { inlineRows, inlineReason, timings };
}

async function secondsOf(predict: Predict, X: Float32Array, rows: number): Promise<number> {
  const began = performance.now();
  await predict(X, rows);
  return (performance.now() - began) / 1000;
}

function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
