// Which modules of a state dict make up a network, and in which order.
import { describe } from '../core/checks.ts';
import type { Bad } from './bad-file.ts';
import { compareNumbers, orderLayers } from './layer-order.ts';
import { type BatchNorm, type Linear, looksEmbedding, moduleName, refuse, type StateModule } from './state-dict.ts';

/** Linear layers one after another, and the batch normalisations before, between and after them. */
export interface Chain {
  readonly linear: readonly Linear[];
  /** At l those before linear layer l, in order; the last are those after all. */
  readonly norms: readonly (readonly BatchNorm[])[];
}

type Modules = ReadonlyMap<string, StateModule>;

/**
 * @param layers - the names of the linear layers from input to output, and of batch normalisations where they are applied
 * @throws GradpoolError ERR_BAD_FILE naming what is no part of a network, or whose place cannot be told
 */
export function readChain(bad: Bad, modules: Modules, layers: readonly string[] | undefined): Chain {
  const chain = layers === undefined ? wholeChain(bad, modules) : namedChain(bad, modules, layers);
  checkSizes(bad, chain, layers !== undefined);
  return chain;
}

/** All modules, which have to be layers of one network. */
function wholeChain(bad: Bad, modules: Modules): Chain {
  if (modules.size === 0) throw bad('it has no tensor');
  const linear: Linear[] = [];
  const norms: BatchNorm[] = [];
  for (const module of modules.values()) {
    if (module.kind === 'linear') linear.push(module);
    else if (module.kind === 'batch-norm') norms.push(module);
    else throw refuse(bad, module);
  }
  const [odd] = linear.filter((layer) => looksEmbedding(layer) || (layer.name === '' && modules.size > 1));
  if (odd !== undefined) throw refuse(bad, odd);
  for (const layer of linear) refuseInside(bad, modules, layer.name);
  if (linear.length === 0) throw bad('it has no linear layer');
  const order = orderLayers(linear);
  if (order === undefined) throw bad(`the order of ${names(linear)} cannot be told; give it as "layers"`);
  return withNorms(bad, order, new Array<BatchNorm[]>(order.length + 1).fill([]), norms, true);
}

/** Those that were named; what else there is must not be a part of them. */
function namedChain(bad: Bad, modules: Modules, layers: readonly string[]): Chain {
  const linear: Linear[] = [];
  const placed: BatchNorm[][] = [[]];
  const named = new Set<string>();
  for (const given of layers) {
    const module = modules.get(moduleName(modules, given));
    if (module === undefined) throw bad(`tensor ${describe(`${given}.weight`)} is missing`);
    named.add(module.name);
    if (module.kind === 'batch-norm') placed.at(-1)!.push(module);
    else if (module.kind !== 'linear') throw refuse(bad, module);
    else {
      linear.push(module);
      placed.push([]);
    }
  }
  if (linear.length === 0) throw bad('"layers" names no linear layer');
  for (const name of named) refuseInside(bad, modules, name);
  const others = [...modules.values()].filter(({ name }) => !named.has(name));
  for (const other of others) if (isPart(other, linear)) throw refuse(bad, other);
  const norms = others.filter((other) => other.kind === 'batch-norm');
  return withNorms(bad, linear, placed, norms, !others.some(({ kind }) => kind === 'linear'));
}

/** What is inside a linear layer changes it: an adapter, a scale. */
function refuseInside(bad: Bad, modules: Modules, layer: string): void {
  if (layer === '') return;
  for (const module of modules.values()) if (module.name.startsWith(`${layer}.`)) throw refuse(bad, module);
}

/** Whether a module that nobody named is likely to be a part of what was named. Other linear layers may be another head. */
function isPart(module: StateModule, linear: readonly Linear[]): boolean {
  if (module.kind === 'foreign') return true;
  if (module.kind !== 'linear') return false;
  const order = linear.map(({ name }) => compareNumbers(module.name, name));
  return looksEmbedding(module) || (order.some((side) => side! > 0) && order.some((side) => side! < 0));
}

/**
 * Puts batch normalisations where their numbers say.
 * @param whole - there are no other linear layers, so that a size that fits in one place tells, too
 */
function withNorms(
  bad: Bad,
  linear: readonly Linear[],
  placed: readonly (readonly BatchNorm[])[],
  norms: readonly BatchNorm[],
  whole: boolean,
): Chain {
  const all = placed.map((list) => [...list]);
  for (const norm of norms) {
    const order = linear.map(({ name }) => compareNumbers(norm.name, name));
    const from = order.findLastIndex((side) => side! > 0) + 1;
    const before = order.findIndex((side) => side! < 0);
    const to = before < 0 ? linear.length : before;
    const sizes = [linear[0]!.inputs, ...linear.map(({ units }) => units)];
    const places = sizes.map((_, l) => l).filter((l) => l >= from && l <= to && sizes[l] === norm.size);
    const told = whole || (from === to && from > 0 && to < linear.length);
    const others = all[places[0] ?? 0]!;
    if (!told || places.length !== 1 || others.some(({ name }) => compareNumbers(name, norm.name) === undefined)) {
      throw bad(
        `the place of batch normalisation ${describe(norm.name)} cannot be told; name it in "layers" where it is applied, ` +
          'or in "ignore" if it is no part of them',
      );
    }
    others.push(norm);
    others.sort((a, b) => compareNumbers(a.name, b.name) ?? 0);
  }
  return { linear, norms: all };
}

function checkSizes(bad: Bad, { linear, norms }: Chain, named: boolean): void {
  linear.slice(1).forEach(({ weight, inputs }, l) => {
    const { name, units } = linear[l]!;
    if (units === inputs) return;
    const what = `tensor ${describe(weight.name)} takes ${inputs} inputs after ${units} units of ${describe(name)}`;
    throw bad(named ? what : `${what}; if that is not their order, give it as "layers"`);
  });
  norms.forEach((list, l) => {
    const size = l === 0 ? linear[0]!.inputs : linear[l - 1]!.units;
    for (const { mean, size: given } of list) {
      if (given !== size) throw bad(`tensor ${describe(mean.name)} expected shape [${size}], got [${given}]`);
    }
  });
}

function names(layers: readonly Linear[]): string {
  const most = layers.slice(0, 8).map(({ name }) => describe(name));
  return layers.length > most.length ? `${most.join(', ')}, ...` : most.join(', ');
}
