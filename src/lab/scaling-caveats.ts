import type { StrategyChoice } from '../train/options.ts';
import type { Environment } from './environment.ts';
import type { ScalingPoint, ScalingSeries } from './scaling-report.ts';

/** CPUs that this process may use: of a control group's quota not always a whole number. */
export function usableCores({ availableCores, quota = Infinity }: Environment): number {
  return Math.min(availableCores, quota);
}

/** With fewer, a bootstrap interval is too narrow. */
const ENOUGH_ROUNDS = 5;

/** A load of so much for each CPU is not that of a quiet machine. */
const BUSY = 0.5;

type Fitted = Pick<ScalingSeries, 'mode' | 'strategy' | 'fitted' | 'amdahl' | 'usl' | 'predictions'>;

/**
 * Why a fit is not there, and what it must not be used for, in sentences.
 * @param points - those of the series, by rising number of workers
 */
export function caveatsOf(series: Fitted, points: readonly ScalingPoint[], environment: Environment): string[] {
  return [
    ...aboutBaseline(points),
    ...(points[0]!.workers === 1 ? aboutFit(series) : []),
    ...aboutCores(series, points, environment),
    ...aboutWork(series, points),
    ...aboutPredictions(series),
  ];
}

function aboutBaseline(points: readonly ScalingPoint[]): string[] {
  const { workers, samples } = points[0]!;
  const few = samples.length < ENOUGH_ROUNDS;
  return [
    ...(workers > 1 ? [`No fit: the laws need the speed of 1 worker, and the series begins with ${workers}.`] : []),
    ...(few ? [`${plural(samples.length, 'round')}: with fewer than ${ENOUGH_ROUNDS} intervals are too narrow.`] : []),
  ];
}

function aboutFit({ mode, fitted, usl }: Fitted): string[] {
  const more = fitted.filter((N) => N > 1);
  const weak = mode === 'weak';
  const law = weak ? "Gustafson's law" : "Amdahl's law";
  const noUsl = weak ? '' : ' The universal law needs two of them, and is not fitted.';
  if (more.length === 0)
    return [`No fit: there is no number of workers above 1 that has a CPU for each, and ${law} needs one.`];
  if (more.length === 1)
    return [`${law} goes through the only number of workers above 1, ${more[0]}: nothing tests it.${noUsl}`];
  const lines: string[] = [];
  if (!weak && more.length === 2)
    lines.push(
      `The universal law goes through, or as near as it can to, both numbers of workers above 1: nothing tests it.`,
    );
  if (usl && usl.beta.low > 0)
    lines.push("The universal law's beta is above 0 beyond the noise: Amdahl's law promises too much.");
  return lines;
}

function aboutCores(
  { fitted }: Fitted,
  points: readonly ScalingPoint[],
  { availableCores, quota, caches, load }: Environment,
): string[] {
  const lines: string[] = [];
  if (load[0]! > BUSY * availableCores)
    lines.push(
      `The load was ${load[0]!.toFixed(1)} on ${plural(availableCores, 'CPU')} when the measurement began: the laws blame the program for what others still took.`,
    );
  const over = points.filter((p) => p.oversubscribed).map(({ workers }) => workers);
  if (over.length > 0) {
    const limited = quota !== undefined && quota < availableCores;
    const cpus = limited
      ? `${Number(quota.toFixed(2))} CPUs that its control group allows this process`
      : `${availableCores} CPUs that this process may use`;
    lines.push(`On ${numbers(over)} workers there are more threads than the ${cpus}: measured, not fitted.`);
  }
  const siblings = caches.find(({ level }) => level === 1)?.sharedBy ?? 1;
  const most = fitted.at(-1) ?? 1;
  const physical = availableCores / siblings;
  if (siblings > 1 && most > physical) {
    const shared = `${siblings} CPUs share the first-level cache, and probably a core`;
    lines.push(`${shared}: on more than ${physical} workers the laws blame the program for what sharing costs.`);
  }
  return lines;
}

/** What each strategy's updates on several workers are worth less than as many on one. */
const INEXACT: Partial<Record<StrategyChoice, string>> = {
  'local-sgd': 'its workers step on weights of their own',
  hogwild: 'steps are taken with old weights, and some get lost',
};

function aboutWork({ mode, strategy }: Fitted, points: readonly ScalingPoint[]): string[] {
  const lines: string[] = [];
  const kinds = new Set(points.map(({ trainer: t }) => `${t.strategy} on ${t.backend} (${t.path})`));
  if (kinds.size > 1)
    lines.push(
      `Not one program on all numbers of workers: ${points
        .map(({ workers, trainer: t }) => `${t.strategy} on ${t.backend} (${t.path}) on ${workers}`)
        .join(', ')}. A law is about one.`,
    );
  const idle = points.filter(({ workers, batchSize }) => workers > batchSize).map(({ workers }) => workers);
  if (idle.length > 0) lines.push(`On ${numbers(idle)} workers a batch has fewer rows than there are workers.`);
  const parts = points.find(({ trainer: t, workers }) => t.strategy === 'data-parallel' && t.shards < workers);
  if (parts)
    lines.push(
      `A batch is divided into ${parts.trainer.shards}, whatever the number of workers: on more, some only take part in the step.`,
    );
  const beyond = points.filter(({ workers, efficiency }) => workers > 1 && efficiency.low > 1);
  if (beyond.length > 0) {
    const where = numbers(beyond.map(({ workers }) => workers));
    lines.push(
      `More than N times as fast on ${where} workers, which no law here can say: with less to do, a worker's part may fit in a cache.`,
    );
  }
  const slower = points.filter(({ workers, speedup }) => workers > 1 && speedup.high < 1);
  if (mode === 'strong' && slower.length > 0) {
    const where = numbers(slower.map(({ workers }) => workers));
    lines.push(
      `Slower on ${where} workers than on ${points[0]!.workers}, which Amdahl's law cannot say: for it the worst is as fast.`,
    );
  }
  const inexact = INEXACT[strategy];
  if (inexact) lines.push(`The speed-up is that of updates, not of learning: with ${strategy} ${inexact}.`);
  return lines;
}

function aboutPredictions({ predictions, fitted }: Fitted): string[] {
  if (predictions.length === 0) return [];
  return [
    `Predictions go beyond the ${plural(fitted.at(-1)!, 'worker')} of the fit. Their intervals tell the noise of the measurement, not whether the law holds there.`,
  ];
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** "4", "4 and 8", "4, 8 and 16". */
function numbers(values: readonly number[]): string {
  return values.length > 1 ? `${values.slice(0, -1).join(', ')} and ${values.at(-1)}` : String(values[0]);
}
