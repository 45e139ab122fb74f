import { describe, finite, flag, oneOf, options } from '../core/checks.ts';
import { descriptorOf, OPTIMIZER_NAMES, type OptimizerName, type OptimizerOptions } from '../core/optimizers.ts';
import type { StepPlan } from '../kernels/kernels.ts';

/** An optimiser by name, or with hyper-parameters other than those of torch.optim. */
export type Optimizer = OptimizerName | { [N in OptimizerName]: OptimizerOptions<N> }[OptimizerName];

/** What concerns the step, of the options of a trainer. */
export interface StepOptions {
  optimizer?: Optimizer | undefined;
  learningRate?: number | undefined;
  momentum?: number | undefined;
  nesterov?: boolean | undefined;
  weightDecay?: number | undefined;
  l1?: number | undefined;
  clipNorm?: number | undefined;
  clipValue?: number | undefined;
}

/** The same with everything decided. */
export interface ResolvedStep {
  readonly optimizer: OptimizerName;
  readonly learningRate: number;
  readonly step: StepPlan;
  /** Infinity: no limit. */
  readonly clipNorm: number;
}

const ALL_KEYS = [
  ...new Set(['name', ...OPTIMIZER_NAMES.flatMap((name) => Object.keys(descriptorOf(name).hyperparameters))]),
];

/** @throws TypeError, RangeError naming the option */
export function resolveStep(o: StepOptions): ResolvedStep {
  const given = o.optimizer ?? 'sgd';
  const name = optimizerName(given);
  const { learningRate, rule, hyperparameters } = descriptorOf(name);
  const own: Record<string, number> =
    typeof given === 'string'
      ? {}
      : options<Record<string, number>>('optimizer', given, ['name', ...Object.keys(hyperparameters)]);
  const momentum = finite('momentum', o.momentum ?? 0, 0, 1, true);
  const nesterov = flag('nesterov', o.nesterov ?? false);
  if (nesterov && momentum === 0)
    throw new RangeError('"nesterov" expected a "momentum" above 0 beside it, got momentum 0');
  if (momentum > 0 && name !== 'sgd')
    throw new RangeError(`"momentum" expected "optimizer" sgd beside it, got optimizer ${name}`);
  const decay = finite('weightDecay', o.weightDecay ?? 0, 0);
  if (decay > 0 && 'weightDecay' in hyperparameters)
    throw new RangeError(
      `"weightDecay" expected to stand in "optimizer" beside its name ${name}, got ${decay} outside of it`,
    );
  const values = Object.entries(hyperparameters).map(([key, { default: usual, low, below }]) => {
    const value = finite(`optimizer.${key}`, own[key] ?? usual, low, below ?? Infinity, below !== undefined);
    return [key, value] as const;
  });
  const moves = momentum > 0 ? { momentum, nesterov: Number(nesterov) } : {};
  return {
    optimizer: name,
    learningRate: finite('learningRate', o.learningRate ?? learningRate, 0),
    step: {
      rule: momentum > 0 ? 'momentum' : rule,
      hyperparameters: { ...Object.fromEntries(values), ...moves },
      decay,
      l1: finite('l1', o.l1 ?? 0, 0),
      clip: limit('clipValue', o.clipValue),
    },
    clipNorm: limit('clipNorm', o.clipNorm),
  };
}

function optimizerName(given: unknown): OptimizerName {
  if (typeof given === 'string') return oneOf('optimizer', given, OPTIMIZER_NAMES);
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new TypeError(`"optimizer" expected a name or an object with one, got ${describe(given)}`);
  // A misspelt name of an option comes before one that is not there.
  if ((given as { name?: unknown }).name === undefined) options<Record<string, number>>('optimizer', given, ALL_KEYS);
  return oneOf('optimizer.name', (given as { name?: unknown }).name, OPTIMIZER_NAMES);
}

/** A limit that gradients may not exceed. */
function limit(name: string, value: number | undefined): number {
  if (value === undefined) return Infinity;
  if (value === 0) throw new RangeError(`"${name}" expected number above 0, got 0`);
  return finite(name, value, 0);
}
