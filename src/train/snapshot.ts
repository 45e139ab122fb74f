import type { NetworkSpec } from '../core/spec.ts';
import { type Bad, orBad } from '../formats/bad-file.ts';
import type { Vectors } from '../formats/checkpoint.ts';
import type { Arena, LayerNumbers, LayerParameters } from '../memory/arena.ts';
import type { Plan } from '../memory/layout.ts';
import { readParameters } from '../nn/parameters.ts';
import { inSlices } from './weights.ts';

export const WEIGHTS = 'weights';
/** The weights of the best epoch, of early stopping. */
export const BEST = 'best';
/** Parameters that a program keeps for itself. */
export const EXTRA = 'extra';

/** What is kept of an arena besides the weights, by name: vectors of the optimiser's state. */
function statesOf({ state, slots, shards }: Plan, slot: number): { name: string; vector: number; copy: number }[] {
  const vectors = Array.from({ length: state.vectors }, (_, vector) => vector);
  // Slots beyond those that take turns and the partial gradients are the workers' own, and then the states are, too.
  if (slots.count === shards + 1) return vectors.map((vector) => ({ name: `state.${vector}`, vector, copy: slot }));
  return vectors.flatMap((vector) =>
    Array.from({ length: state.copies }, (_, copy) => ({ name: `state.${vector}.${copy}`, vector, copy })),
  );
}

/** Copies of the weights in `slot` and of what the optimiser remembers of them, in the backend's own width. */
export async function takeVectors(arena: Arena, slot: number): Promise<Map<string, LayerNumbers[]>> {
  const vectors = new Map<string, LayerNumbers[]>();
  const take = async (name: string, load: (into: LayerNumbers[]) => Iterable<void>) => {
    const layers = arena.newLayers();
    await inSlices(load(layers));
    vectors.set(name, layers);
  };
  await take(WEIGHTS, (into) => arena.loadParameters(slot, into));
  for (const { name, vector, copy } of statesOf(arena.plan, slot))
    await take(name, (into) => arena.loadState(vector, copy, into));
  return vectors;
}

/** Whether all weights are numbers: those of a training that has diverged are not. */
export function areFinite(layers: readonly LayerNumbers[]): boolean {
  return layers.every(({ weights, bias }) => allFinite(weights) && allFinite(bias));
}

function allFinite(values: Float32Array | Float64Array): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}

/** Puts vectors from a file where {@link takeVectors} took them from; the weights go into slot 0. */
export function putVectors(bad: Bad, arena: Arena, vectors: Vectors): void {
  const [{ weights: like }] = arena.newLayers() as [LayerNumbers];
  const get = (name: string) => {
    const layers = vectors.get(name);
    if (layers === undefined) throw bad(`the vector "${name}" is missing`);
    const bits = 8 * layers[0]!.weights.BYTES_PER_ELEMENT;
    if (bits !== 8 * like.BYTES_PER_ELEMENT)
      throw bad(
        `the vector "${name}" expected float${8 * like.BYTES_PER_ELEMENT} as its backend has, got float${bits}`,
      );
    return layers;
  };
  const states = statesOf(arena.plan, 0);
  const places = [WEIGHTS, BEST, EXTRA, ...states.map(({ name }) => name)];
  for (const name of vectors.keys()) if (!places.includes(name)) throw bad(`the vector "${name}" has no place`);
  arena.storeParameters(0, get(WEIGHTS));
  if (!areFinite(get(WEIGHTS))) throw bad('its weights are not finite');
  for (const { name, vector, copy } of states) arena.storeState(vector, copy, get(name));
}

/**
 * The weights of the best epoch in a file, if they are there.
 * @throws GradpoolError ERR_BAD_FILE if they are not finite
 */
export function bestIn(bad: Bad, spec: NetworkSpec, vectors: Vectors): LayerParameters[] | undefined {
  const layers = vectors.get(BEST);
  return layers && orBad(bad, () => readParameters(spec, layers));
}
