import type { Activation, LayerSpec } from '../core/spec.ts';
import type { CapacityQuantity, ResolvedCapacity, Size } from './capacity-options.ts';
import type { CapacityRun } from './capacity-run.ts';
import { type CapacityVerdict, judgeCapacity } from './capacity-verdict.ts';
import { describeEnvironment, type Environment } from './environment.ts';
import type { SideBySide } from './side-by-side.ts';
import { type Interval, medianInterval } from './statistics.ts';

/** One size of a network; errors with 95% bootstrap intervals over the repeats, infinite where most diverged. */
export interface CapacityPoint {
  axis: 'width' | 'depth';
  /** Units of each hidden layer, and how many hidden layers. */
  width: number;
  depth: number;
  parameters: number;
  training: Interval;
  validation: Interval;
  test: Interval;
  /** Of one training, without evaluation; beside others, if they ran side by side. */
  seconds: Interval;
  /** Epochs trained; with early stopping the epoch that had the least validation error. */
  epochs: Interval;
  /** Runs whose loss did not stay finite. */
  diverged: number;
  runs: CapacityRun[];
}

/** What `measureCapacity` finds: plain data. */
export interface CapacityReport {
  kind: 'capacity';
  version: 1;
  /** 'partial' after an abort: of the repeats that were complete. */
  state: 'complete' | 'partial';
  quantity: CapacityQuantity;
  network: { inputs: number; output: LayerSpec; activation: Activation };
  repeats: number;
  /** Of a training; the most, with early stopping. */
  epochs: number;
  earlyStopping?: { patience: number };
  points: CapacityPoint[];
  /** For each series; none where most trainings of every size diverged. */
  best: CapacityVerdict[];
  sideBySide: SideBySide;
  patterns: { training: number; validation: number; test: number };
  environment: Environment;
}

/**
 * Puts the report together. Pure but for the environment.
 * @param runs - for each size those that are over, the one of repeat r at r
 */
export function capacityReport(
  o: ResolvedCapacity,
  runs: readonly (readonly (CapacityRun | undefined)[])[],
  sideBySide: SideBySide,
  state: CapacityReport['state'],
): CapacityReport {
  const repeats = completeRepeats(runs);
  const points = (['width', 'depth'] as const).flatMap((axis) =>
    o.sizes.flatMap((size, i) =>
      size.axes.includes(axis) ? [describePoint(axis, size, runs[i]!.slice(0, repeats) as CapacityRun[], o.seed)] : [],
    ),
  );
  points.sort((a, b) => (a.axis === b.axis ? a[a.axis] - b[b.axis] : 0));
  const { inputs, layers } = o.sizes[0]!.spec;
  return {
    kind: 'capacity',
    version: 1,
    state,
    quantity: o.quantity,
    network: { inputs, output: layers.at(-1)!, activation: o.activation },
    repeats,
    epochs: o.epochs,
    ...(o.patience !== undefined && { earlyStopping: { patience: o.patience } }),
    points,
    best: (['width', 'depth'] as const).flatMap((axis) => judge(axis, points, o) ?? []),
    sideBySide,
    patterns: { training: o.data.train.length, validation: o.data.validation.length, test: o.data.test.length },
    environment: describeEnvironment(),
  };
}

/** How many repeats, from the first on, are over for all sizes. */
export function completeRepeats(runs: readonly (readonly (CapacityRun | undefined)[])[]): number {
  const lengths = runs.map((own) => {
    const missing = Array.from(own).findIndex((run) => run === undefined);
    return missing < 0 ? own.length : missing;
  });
  return Math.min(...lengths);
}

function describePoint(axis: 'width' | 'depth', size: Size, runs: CapacityRun[], seed: number): CapacityPoint {
  const interval = (of: (run: CapacityRun) => number) => medianInterval(runs.map(of), seed);
  return {
    axis,
    width: size.width,
    depth: size.depth,
    parameters: size.parameters,
    training: interval((run) => run.training),
    validation: interval((run) => run.validation),
    test: interval((run) => run.test),
    seconds: interval((run) => run.seconds),
    epochs: interval((run) => run.epochs),
    diverged: runs.filter((run) => run.test === Infinity).length,
    runs,
  };
}

function judge(axis: 'width' | 'depth', all: readonly CapacityPoint[], o: ResolvedCapacity) {
  const points = all.filter((point) => point.axis === axis);
  if (points.length === 0) return undefined;
  const errors = (part: 'training' | 'validation' | 'test') => points.map(({ runs }) => runs.map((run) => run[part]));
  const series = {
    axis,
    sizes: points.map((point) => point[axis]),
    training: errors('training'),
    validation: errors('validation'),
    test: errors('test'),
  };
  return judgeCapacity(series, o.tolerance, o.seed);
}
