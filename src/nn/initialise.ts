import { ACTIVATION_TABLE } from '../core/activations.ts';
import { Random } from '../core/random.ts';
import { type NetworkSpec, widths } from '../core/spec.ts';
import type { LayerParameters } from '../memory/arena.ts';

export const INITIALISATIONS = ['auto', 'he', 'glorot'] as const;
/** How weights start; 'auto' is He for ReLU and leaky ReLU layers and Glorot for all others. Biases start at 0. */
export type Initialisation = (typeof INITIALISATIONS)[number];

/** Draws the starting weights of every layer; each layer has a stream of its own. */
export function initialise(spec: NetworkSpec, seed: number, how: Initialisation): LayerParameters[] {
  const n = widths(spec);
  return spec.layers.map(({ units, activation }, l) => {
    const random = new Random(seed, l);
    const rule = how === 'auto' ? ACTIVATION_TABLE[activation].initialisation : how;
    const draw = rule === 'he' ? he(random, n[l]!) : glorot(random, n[l]!, units);
    return { weights: Float32Array.from({ length: n[l]! * units }, draw), bias: new Float32Array(units) };
  });
}

/** W ~ N(0, 2 / n_{l-1}) (He et al. 2015, equation 10). */
function he(random: Random, inputs: number): () => number {
  const deviation = Math.sqrt(2 / inputs);
  return () => deviation * random.normal();
}

/** W ~ U(-a, a), a = sqrt(6 / (n_{l-1} + n_l)) (Glorot & Bengio 2010, equation 16). */
function glorot(random: Random, inputs: number, units: number): () => number {
  const bound = Math.sqrt(6 / (inputs + units));
  return () => bound * (2 * random.uniform() - 1);
}
