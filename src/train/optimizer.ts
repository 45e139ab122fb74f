import { describe, finite, flag, oneOf, options } from '../core/checks.ts';
import { PLAIN_STEP, type Step, type StepRule } from '../kernels/kernels.ts';

/** What makes a step out of a gradient; names alone have the defaults of torch.optim. */
export type OptimizerName = 'sgd' | 'rmsprop' | 'adam' | 'adamw';
const NAMES: readonly OptimizerName[] = ['sgd', 'rmsprop', 'adam', 'adamw'];

/** Its running mean of squares decays by `alpha` (0.99); `epsilon` is 1e-8. */
export interface RmspropOptions {
  name: 'rmsprop';
  alpha?: number | undefined;
  epsilon?: number | undefined;
}

/** The running means of the gradient and of its square decay by `beta1` (0.9) and `beta2` (0.999); `epsilon` is 1e-8. */
export interface AdamOptions {
  name: 'adam';
  beta1?: number | undefined;
  beta2?: number | undefined;
  epsilon?: number | undefined;
}

/** As Adam; `weightDecay` (0.01) is taken off the weights and biases themselves, times the learning rate. */
export interface AdamwOptions extends Omit<AdamOptions, 'name'> {
  name: 'adamw';
  weightDecay?: number | undefined;
}

export type Optimizer = OptimizerName | { name: 'sgd' } | RmspropOptions | AdamOptions | AdamwOptions;

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
  /** Without rate and scale. */
  readonly step: Step;
  readonly decoupledDecay: number;
  /** Infinity: no limit. */
  readonly clipNorm: number;
}

/** Vectors that a rule remembers. */
export const STATE_VECTORS: Record<StepRule, number> = { sgd: 0, momentum: 1, rmsprop: 1, adam: 2 };

/** As torch.optim has them, but for SGD, where it has none. */
const RATES: Record<OptimizerName, number> = { sgd: 0.1, rmsprop: 0.01, adam: 0.001, adamw: 0.001 };

const KEYS = {
  sgd: ['name'],
  rmsprop: ['name', 'alpha', 'epsilon'],
  adam: ['name', 'beta1', 'beta2', 'epsilon'],
  adamw: ['name', 'beta1', 'beta2', 'epsilon', 'weightDecay'],
} as const;

const ALL_KEYS = [...new Set(Object.values(KEYS).flat())];

/** The smallest number that float32 holds in full: parameters' padding is divided by epsilon. */
const LEAST_EPSILON = 2 ** -126;

/** @throws TypeError, RangeError naming the option */
export function resolveStep(o: StepOptions): ResolvedStep {
  const given = o.optimizer ?? 'sgd';
  const name = optimizerName(given);
  const own: Omit<Partial<AdamwOptions & RmspropOptions>, 'name'> = typeof given === 'string'
    ? {}
    : options<AdamwOptions & RmspropOptions>('optimizer', given, KEYS[name]);
  const momentum = finite('momentum', o.momentum ?? 0, 0, 1, true);
  const nesterov = flag('nesterov', o.nesterov ?? false);
  if (nesterov && momentum === 0)
    throw new RangeError('"nesterov" expected a "momentum" above 0 beside it, got momentum 0');
  if (momentum > 0 && name !== 'sgd')
    throw new RangeError(`"momentum" expected "optimizer" sgd beside it, got optimizer ${name}`);
  const decay = finite('weightDecay', o.weightDecay ?? 0, 0);
  if (decay > 0 && name === 'adamw')
    throw new RangeError(
      `"weightDecay" expected to stand in "optimizer" beside its name adamw, got ${decay} outside of it`,
    );
  const step: Step = {
    ...PLAIN_STEP,
    ...ruleOf(name, momentum, nesterov, own),
    decay,
    l1: finite('l1', o.l1 ?? 0, 0),
    clip: limit('clipValue', o.clipValue),
  };
  return {
    optimizer: name,
    learningRate: finite('learningRate', o.learningRate ?? RATES[name], 0),
    step,
    decoupledDecay: name === 'adamw' ? finite('optimizer.weightDecay', own.weightDecay ?? 0.01, 0) : 0,
    clipNorm: limit('clipNorm', o.clipNorm),
  };
}

function optimizerName(given: unknown): OptimizerName {
  if (typeof given === 'string') return oneOf('optimizer', given, NAMES);
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new TypeError(`"optimizer" expected a name or an object with one, got ${describe(given)}`);
  // A misspelt name of an option comes before one that is not there.
  if ((given as { name?: unknown }).name === undefined)
    options<AdamwOptions & RmspropOptions>('optimizer', given, ALL_KEYS);
  return oneOf('optimizer.name', (given as { name?: unknown }).name, NAMES);
}

function ruleOf(
  name: OptimizerName,
  momentum: number,
  nesterov: boolean,
  own: Omit<Partial<AdamwOptions & RmspropOptions>, 'name'>,
): Partial<Step> {
  if (name === 'sgd') return { rule: momentum > 0 ? 'momentum' : 'sgd', momentum, nesterov };
  const epsilon = finite('optimizer.epsilon', own.epsilon ?? 1e-8, LEAST_EPSILON);
  if (name === 'rmsprop')
    return { rule: 'rmsprop', beta: finite('optimizer.alpha', own.alpha ?? 0.99, 0, 1, true), epsilon };
  return {
    rule: 'adam',
    momentum: finite('optimizer.beta1', own.beta1 ?? 0.9, 0, 1, true),
    beta: finite('optimizer.beta2', own.beta2 ?? 0.999, 0, 1, true),
    epsilon,
  };
}

/** A limit that gradients may not exceed. */
function limit(name: string, value: number | undefined): number {
  if (value === undefined) return Infinity;
  if (value === 0) throw new RangeError(`"${name}" expected number above 0, got 0`);
  return finite(name, value, 0);
}
