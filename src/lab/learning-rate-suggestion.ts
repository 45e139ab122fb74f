/** One update of the range test. */
export interface RatePoint {
  /** alpha of this update. */
  learningRate: number;
  /** Of its batch, before it: what the rate does shows from the next point on. */
  loss: number;
  /** The running mean of the losses up to here. */
  smoothed: number;
}

/** Which learning rate the test speaks for, and why. */
export type RateSuggestion =
  | {
      state: 'found';
      /** The smaller of the two that follow. */
      learningRate: number;
      /** Where the smoothed loss falls fastest with the logarithm of the rate. */
      steepest: number;
      /** A tenth of the rate at which the smoothed loss is least: beyond it, it rises again, so that one is too large. */
      tenthOfMinimum: number;
      why: string;
    }
  /** The loss did not fall. */
  | { state: 'none'; why: string };

/** So many points to each side, as a share of all, decide on the slope. */
const REACH = 1 / 20;
/** The smoothed loss has to fall by so much of what it was at first. */
const LEAST_FALL = 0.02;

/** @param points - in the order of their rates, which are a constant factor apart */
export function suggestRate(points: readonly RatePoint[]): RateSuggestion {
  const reach = Math.max(1, Math.round(points.length * REACH));
  if (points.length < 2 * reach + 2)
    return { state: 'none', why: `the loss diverged after ${points.length} updates: begin with a smaller rate` };
  const smoothed = points.map((point) => point.smoothed);
  const lowest = Math.min(...smoothed);
  const at = smoothed.indexOf(lowest);
  // The first points are few to a mean; the highest of them is no fall.
  const start = smoothed.slice(0, 2 * reach + 1).reduce((sum, loss) => sum + loss, 0) / (2 * reach + 1);
  if (!(lowest < start * (1 - LEAST_FALL)) || at < reach) {
    const tried = `${short(points[0]!.learningRate)} to ${short(points.at(-1)!.learningRate)}`;
    return { state: 'none', why: `the loss did not fall at any rate from ${tried}` };
  }
  const steepest = points[steepestBefore(smoothed, at, reach)]!.learningRate;
  const minimum = points[at]!.learningRate;
  const tenthOfMinimum = minimum / 10;
  const learningRate = Math.min(steepest, tenthOfMinimum);
  const where = `the smoothed loss falls steepest at ${short(steepest)} and is least at ${short(minimum)}`;
  const which = learningRate === steepest ? 'the first' : 'a tenth of the second';
  return {
    state: 'found',
    learningRate,
    steepest,
    tenthOfMinimum,
    why: `${where}; ${which} is the smaller: ${short(learningRate)}`,
  };
}

/** Where a straight line through the points around falls steepest, up to the minimum. */
function steepestBefore(smoothed: readonly number[], minimum: number, reach: number): number {
  let best = { at: minimum, slope: Infinity };
  for (let i = reach; i <= Math.min(minimum, smoothed.length - 1 - reach); i++) {
    let slope = 0;
    for (let j = -reach; j <= reach; j++) slope += j * smoothed[i + j]!;
    if (slope < best.slope) best = { at: i, slope };
  }
  return best.at;
}

function short(rate: number): string {
  return rate.toPrecision(2);
}
