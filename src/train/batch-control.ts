import type { GradientMoments } from '../pool/messages.ts';
import type { AdaptiveChoice, AdaptiveStep } from './report.ts';
import { scaledRate } from './rate-rule.ts';

type Decision = Omit<AdaptiveStep, 'updates'>;

/** The weight of a new measurement in the running means. */
const WEIGHT = 0.4;
/** Batch sizes change where that is predicted to shorten training by more than this factor. */
const BETTER = 1.05;
/** Rows between two measurements: a share of those trained on so far, within these bounds. A measurement costs some 1000 rows. */
const SHARE = 0.5;
const FEWEST_ROWS = 8192;
const MOST_ROWS = 131_072;

/** All that a control remembers. */
export interface ControlState {
  readonly batchSize: number;
  readonly learningRate: number;
  readonly noiseScale: number | undefined;
  readonly noise: number;
  readonly gradient: number;
  readonly rows: number;
  readonly next: number;
  readonly measurements: number;
}

/**
 * Decides the batch size while training goes on. Pure but for what it remembers: the same moments give the same decisions.
 * |G|^2 and S are estimated from the gradients of m batches of b rows at the same weights,
 *   |G|^2 = (|g_1 + ... + g_m|^2 - sum |g_i|^2) / (m (m - 1)),   S = b (sum |g_i|^2 / m - |G|^2),
 * which is without bias, because different batches are independent; their running means give B_n = S / |G|^2.
 */
export class BatchControl {
  batchSize: number;
  learningRate: number;
  /** B_n; infinite where the gradient is lost in its noise, undefined before it was measured. */
  noiseScale: number | undefined;
  readonly #choice: AdaptiveChoice;
  readonly #learningRate: number;
  /** S and |G|^2. */
  #noise = 0;
  #gradient = 0;
  #rows = 0;
  #next = 0;
  #measurements = 0;

  /** @param learningRate - at the reference batch size */
  constructor(choice: AdaptiveChoice, learningRate: number) {
    this.#choice = choice;
    this.#learningRate = learningRate;
    this.batchSize = choice.referenceBatchSize;
    this.learningRate = learningRate;
  }

  /** To be set on a control of the same choice and learning rate, which then goes on as this one would. */
  get state(): ControlState {
    return {
      batchSize: this.batchSize,
      learningRate: this.learningRate,
      noiseScale: this.noiseScale,
      noise: this.#noise,
      gradient: this.#gradient,
      rows: this.#rows,
      next: this.#next,
      measurements: this.#measurements,
    };
  }

  set state({ batchSize, learningRate, noiseScale, noise, gradient, rows, next, measurements }: ControlState) {
    this.batchSize = batchSize;
    this.learningRate = learningRate;
    this.noiseScale = noiseScale;
    this.#noise = noise;
    this.#gradient = gradient;
    this.#rows = rows;
    this.#next = next;
    this.#measurements = measurements;
  }

  /** How many more rows may be trained on before the noise is to be measured again. */
  get rowsLeft(): number {
    return this.#next - this.#rows;
  }

  /** Of the random numbers of the next measurement; shuffles have those from 0 on. */
  get stream(): number {
    return -2 - this.#measurements;
  }

  /** So many rows were trained on. */
  trained(rows: number): void {
    this.#rows += rows;
  }

  /**
   * Takes in a measurement, and decides.
   * @param most - no batch may be larger
   * @returns undefined if nothing could be measured: the weights are not finite
   */
  measured({ rows: b, batches: m, squares, squareOfSum }: GradientMoments, most: number): Decision | undefined {
    this.#measurements++;
    this.#next = this.#rows + Math.min(MOST_ROWS, Math.max(FEWEST_ROWS, SHARE * this.#rows));
    const gradient = (squareOfSum - squares) / (m * (m - 1));
    const noise = b * (squares / m - gradient);
    // A training that has diverged has nothing to say.
    if (!Number.isFinite(noise)) return undefined;
    const weight = this.noiseScale === undefined ? 1 : WEIGHT;
    this.#noise += weight * (noise - this.#noise);
    this.#gradient += weight * (gradient - this.#gradient);
    this.noiseScale = this.#gradient > 0 ? Math.max(0, this.#noise / this.#gradient) : Infinity;
    return this.#decide(this.noiseScale, most);
  }

  #decide(noiseScale: number, mostRows: number): Decision {
    const { least, most, rule, referenceBatchSize } = this.#choice;
    const before = this.batchSize;
    const allowed = (B: number) => Number.isInteger(B) && B >= least && B <= most && (B < before || B <= mostRows);
    const effort = (B: number) =>
      timePerUpdate(this.#choice, B) * (noiseScale === Infinity ? 1 / B : 1 + noiseScale / B);
    const best = [before / 2, 2 * before].filter(allowed).reduce((a, b) => (effort(b) < effort(a) ? b : a), before);
    const gain = effort(before) / effort(best);
    if (gain > BETTER) this.batchSize = best;
    const used = Math.min(this.batchSize, mostRows);
    this.learningRate = scaledRate(this.#learningRate, rule, used, referenceBatchSize, noiseScale);
    return {
      noiseScale,
      batchSize: used,
      learningRate: this.learningRate,
      gain: this.batchSize === before ? 1 : gain,
    };
  }
}

/** t(B), in seconds, between the batch sizes that were measured as on a straight line. */
export function timePerUpdate({ costs }: AdaptiveChoice, batchSize: number): number {
  if (costs.length === 1) return costs[0]!.seconds;
  const upper = costs.findIndex((one) => one.batchSize >= batchSize);
  const [b, a] =
    upper === -1 ? [costs.at(-1)!, costs.at(-2)!] : [costs[Math.max(1, upper)]!, costs[Math.max(1, upper) - 1]!];
  const slope = (b.seconds - a.seconds) / (b.batchSize - a.batchSize);
  return a.seconds + slope * (batchSize - a.batchSize);
}
