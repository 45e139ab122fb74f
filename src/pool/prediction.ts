// What crosses threads when a batch is predicted. Plain data only.
import type { OutputArray } from '../core/scaling.ts';
import type { NumericArray } from '../core/table.ts';
import type { EngineSource } from '../infer/engine-source.ts';

/** What a thread needs once. */
export interface PredictionSetup {
  readonly source: EngineSource;
  /** How many threads have taken a number. */
  readonly seats: Int32Array;
}

/** One request. Each thread that has it takes blocks of rows until there are none left. */
export interface PredictionTask {
  /** rows x n, in shared memory. */
  readonly X: NumericArray;
  /** rows x K, in shared memory. */
  readonly Y: OutputArray;
  readonly rows: number;
  /** The rows of a thread, if all come to it in time; a block has no more. */
  readonly share: number;
  readonly words: Int32Array;
}

/** The next block that nobody has taken. */
export const NEXT_BLOCK = 0;
/** Not 0: nobody waits for the result any more. */
export const STOP = 1;
export const WORDS = 2;
