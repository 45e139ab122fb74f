import { counted, seconds } from './numbers.ts';

/** What is said of one number of workers. */
interface Said {
  readonly workers: number;
  readonly text: string;
}

/** What the words are about: a report of `measureBatchCurve`, from memory or from a file. */
interface CurveFindings {
  readonly state: 'complete' | 'partial';
  readonly rounds: number;
  readonly shape: { readonly timePerEpoch: readonly Said[]; readonly timeToTarget?: readonly Said[] | undefined };
  readonly target?:
    | {
        readonly loss: number;
        readonly batchSizes: readonly { readonly arrived: number }[];
        readonly noiseScale?: { readonly noiseScale: number } | undefined;
        readonly predicted: readonly { workers: number; t0: number; c: number; batchSize: number }[];
      }
    | undefined;
  readonly best: {
    readonly quantity: 'timePerEpoch' | 'timeToTarget';
    readonly workers: number;
    readonly recommended: number;
    readonly batchSizes: readonly number[];
    readonly tolerance: number;
  };
}

/** The verdict on each number of workers, and what theory says. */
export function verdict({ shape, target, state, rounds }: CurveFindings): string[] {
  const lines = state === 'partial' ? [`Ended early, after ${counted(rounds, 'round')}.`] : [];
  for (const one of shape.timePerEpoch) lines.push(`Time per epoch on ${counted(one.workers, 'worker')}: ${one.text}`);
  if (target) lines.push(`Target: a loss of ${target.loss.toPrecision(3)}.`);
  for (const one of shape.timeToTarget ?? [])
    lines.push(`Time to target on ${counted(one.workers, 'worker')}: ${one.text}`);
  if (target && target.batchSizes.every(({ arrived }) => arrived === 0)) lines.push('No training reached the target.');
  if (target?.noiseScale) lines.push(`Gradient noise scale: ${target.noiseScale.noiseScale.toFixed(0)} rows.`);
  for (const one of target?.predicted ?? []) {
    lines.push(
      `Predicted optimum on ${counted(one.workers, 'worker')}: B* = sqrt(t0 B_n / c') = ${one.batchSize.toFixed(0)}, ` +
        `with t0 = ${seconds(one.t0)}, c' = ${seconds(one.c)} per row.`,
    );
  }
  return lines;
}

/** Which batch size to take, and why. */
export function recommendation({ best }: CurveFindings): string {
  const by = best.quantity === 'timeToTarget' ? 'time to target' : 'time per epoch';
  const others = best.batchSizes.filter((B) => B !== best.recommended);
  return (
    `Recommended by ${by}: B = ${best.recommended} on ${counted(best.workers, 'worker')}, the smallest that is not shown to be ` +
    `more than ${100 * best.tolerance}% slower than the fastest${others.length > 0 ? `; as good: ${others.join(', ')}` : ''}`
  );
}
