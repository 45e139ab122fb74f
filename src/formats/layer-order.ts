// In which order the layers of a state dict are applied, as far as their names and sizes tell. Pure.

/** How many modules without parameters lie between two of an nn.Sequential; 'unknown' where their names do not tell. */
export type Gap = 'none' | 'some' | 'unknown';

/** A layer as far as its place is concerned. */
export interface Sized {
  readonly name: string;
  readonly inputs: number;
  readonly units: number;
}

/** More are not looked through. */
const MOST_STEPS = 10_000;

/**
 * Which of two names comes first: the one with the smaller number, at the first place where they differ.
 * @returns negative if the first; undefined if they differ in anything but a number
 */
export function compareNumbers(a: string, b: string): number | undefined {
  const [left, right] = [a, b].map((name) => name.split(/(\d+)/));
  for (let i = 0; i < Math.min(left!.length, right!.length); i++) {
    const [l, r] = [left![i]!, right![i]!];
    if (l === r) continue;
    if (i % 2 === 0) return undefined;
    if (Number(l) !== Number(r)) return Number(l) - Number(r);
  }
  return undefined;
}

/** What lies between two modules: of 'net.0' and 'net.2' one without parameters. */
export function gapBetween(a: string, b: string): Gap {
  const [left, right] = [a, b].map((name) => /^(.*\.|)(\d+)$/s.exec(name));
  if (!left || !right || left[1] !== right[1]) return 'unknown';
  return Number(right[2]) - Number(left[2]) === 1 ? 'none' : 'some';
}

/** The layers in order; undefined if their names and sizes allow none, or more than one. */
export function orderLayers<T extends Sized>(layers: readonly T[]): readonly T[] | undefined {
  const sorted = layers.toSorted((a, b) => compareNumbers(a.name, b.name) ?? 0);
  const told = sorted.every((layer, l) => l === 0 || (compareNumbers(sorted[l - 1]!.name, layer.name) ?? 1) < 0);
  if (told) return sorted;
  const chains = chainsOf(layers);
  return chains.length === 1 ? chains[0] : undefined;
}

/** Orders in which all sizes fit and all numbers rise: at most two, and two if there was too much to look through. */
function chainsOf<T extends Sized>(layers: readonly T[]): readonly (readonly T[])[] {
  const chains: T[][] = [];
  const left = new Set(layers);
  const chain: T[] = [];
  let steps = 0;
  const extend = (): void => {
    if (left.size === 0) chains.push([...chain]);
    for (const layer of [...left]) {
      if (chains.length > 1 || steps++ > MOST_STEPS) return;
      const fits = chain.length === 0 || chain.at(-1)!.units === layer.inputs;
      if (!fits || [...left].some((other) => (compareNumbers(other.name, layer.name) ?? 1) < 0)) continue;
      left.delete(layer);
      chain.push(layer);
      extend();
      chain.pop();
      left.add(layer);
    }
  };
  extend();
  return steps > MOST_STEPS ? [] : chains;
}
