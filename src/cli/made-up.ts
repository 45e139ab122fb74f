import type { Activation, LayerSpec } from '../core/spec.ts';
import { Random } from '../core/random.ts';
import { Dataset } from '../data/dataset.ts';
import type { Task } from '../data/encoding.ts';
import { Predictor } from '../infer/predictor.ts';
import { Network } from '../nn/network.ts';
import { UsageError } from './failure.ts';
import type { LoadedData } from './load-data.ts';

/** What patterns are to be made up, as it stands on the command line. */
export interface MadeUpFlags {
  /** "784-128-10": n_0, ..., n_L */
  network: string;
  /** To train with; those to validate and to test with are made beside them. */
  patterns: number;
  /** Of values: the standard deviation of the noise, as a share of that of the targets; of classes: the share of wrong ones. */
  noise: number;
  activation: Activation;
  task?: Task;
  validationShare: number;
  testShare: number;
  seed: number;
}

/** So that no network that learns from the patterns begins with the weights that made them. */
const APART = 1_000_003;

/**
 * Patterns that can be learnt: normal inputs, and what a network of the same shape with weights drawn at random, the teacher,
 * answers to them, with noise. One output is a value, several are classes.
 */
export function makeUp(flags: MadeUpFlags): LoadedData {
  const { patterns, validationShare, testShare } = flags;
  const sizes = unitsOf(flags.network);
  const [n, K] = [sizes[0]!, sizes.at(-1)!];
  const task = flags.task ?? (K === 1 ? 'regression' : 'classification');
  if (task === 'classification' && K === 1)
    throw new UsageError('--network expected an output for each class, got one');
  const share = patterns / (1 - validationShare - testShare);
  const [more, most] = [Math.round(validationShare * share), Math.round(testShare * share)];
  const random = new Random(flags.seed + APART);
  const inputs = Float32Array.from({ length: (patterns + more + most) * n }, () => random.normal());
  const answers = standardised(new Predictor(teacherOf(sizes, flags)).predict(inputs), K);
  const targets = targetsOf(task, answers, K, flags.noise, random);
  const all = Dataset.fromArrays({
    inputs,
    inputSize: n,
    targets,
    ...(task !== 'classification' && { targetSize: K }),
  });
  return {
    train: all.slice(0, patterns),
    validation: more > 0 ? all.slice(patterns, patterns + more) : undefined,
    test: most > 0 ? all.slice(patterns + more) : undefined,
    task,
    outputs: K,
    encoding: undefined,
    classes: undefined,
    notes: [],
  };
}

/** "784-128-10" is [784, 128, 10]. */
export function unitsOf(network: string): number[] {
  return network.split('-').map(Number);
}

function teacherOf(sizes: readonly number[], { activation, seed }: MadeUpFlags): Network {
  const hidden = sizes.slice(1, -1).map((units): LayerSpec => ({ units, activation }));
  const layers: LayerSpec[] = [...hidden, { units: sizes.at(-1)!, activation: 'linear' }];
  return new Network({ inputs: sizes[0]!, layers, seed: seed + APART });
}

/** Each of the K outputs with mean 0 and variance 1; in place. @param y - (rows, K) */
function standardised(y: Float32Array, K: number): Float32Array {
  const rows = y.length / K;
  for (let k = 0; k < K; k++) {
    let [sum, squares] = [0, 0];
    for (let i = k; i < y.length; i += K) sum += y[i]!;
    const mean = sum / rows;
    for (let i = k; i < y.length; i += K) squares += (y[i]! - mean) ** 2;
    const deviation = Math.sqrt(squares / rows) || 1;
    for (let i = k; i < y.length; i += K) y[i] = (y[i]! - mean) / deviation;
  }
  return y;
}

/** @param y - (rows, K), standardised @returns class numbers (rows), else D (rows, K) */
function targetsOf(task: Task, y: Float32Array, K: number, noise: number, random: Random): Float32Array | Uint32Array {
  const wrong = () => random.uniform() < noise;
  if (task === 'regression') return y.map((value) => value + noise * random.normal());
  if (task === 'multi-label') return y.map((value) => (value > 0 === wrong() ? 0 : 1));
  return Uint32Array.from({ length: y.length / K }, (_, row) => {
    if (wrong()) return random.below(K);
    let likeliest = 0;
    for (let k = 1; k < K; k++) if (y[row * K + k]! > y[row * K + likeliest]!) likeliest = k;
    return likeliest;
  });
}
