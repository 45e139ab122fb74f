// The layers of a model of TensorFlow.js in the order in which they are applied, if they are a chain.
import { describe } from '../core/checks.ts';
import type { Bad } from './bad-file.ts';
import { excerpt, isObject, type JsonObject } from './strict-json.ts';

export const GRAPH_MODEL =
  'it is a graph model, which has operations and no layers; convert the Keras model to a layers model ' +
  '(tensorflowjs_converter --output_format tfjs_layers_model)';

/** A layer of the topology. */
export interface KerasLayer {
  readonly name: string;
  /** What Keras calls it: 'Dense'. */
  readonly kind: string;
  readonly config: JsonObject;
  /** The names of the models that it is in, from the outermost. */
  readonly models: readonly string[];
}

/** The error about a layer. */
export function layerFault(bad: Bad, { name, kind }: Pick<KerasLayer, 'name' | 'kind'>, what: string): Error {
  return bad(`layer ${describe(name)} (${kind.slice(0, 60)}) ${what}`);
}

/** Its layers, those of models within it too. */
export function layersOf(bad: Bad, topology: unknown): readonly KerasLayer[] {
  // The converter from Python wraps it once more.
  const model = isObject(topology) && isObject(topology.model_config) ? topology.model_config : topology;
  if (!isObject(model)) throw bad(`its topology expected an object, got ${excerpt(model)}`);
  if (Array.isArray(model.node)) throw bad(GRAPH_MODEL);
  if (!isModel(model.class_name)) {
    throw bad(`it expected a Sequential or Functional model, got ${excerpt(model.class_name)}`);
  }
  return flatten(bad, model, []);
}

function isModel(kind: unknown): boolean {
  return kind === 'Sequential' || kind === 'Functional' || kind === 'Model';
}

function flatten(bad: Bad, model: JsonObject, above: readonly string[]): KerasLayer[] {
  // Old versions of Keras have a list of layers as the config.
  const config = isObject(model.config) ? model.config : {};
  const list = isObject(model.config) ? config.layers : model.config;
  if (!Array.isArray(list)) throw bad(`its layers expected a list, got ${excerpt(list)}`);
  const models = typeof config.name === 'string' ? [...above, config.name] : above;
  const ordered = model.class_name === 'Sequential' ? (list as unknown[]) : chainOf(bad, list, config);
  return ordered.flatMap((value) => {
    const layer = checkLayer(bad, value, models);
    return isModel(layer.kind) ? flatten(bad, value as JsonObject, models) : [layer];
  });
}

function checkLayer(bad: Bad, value: unknown, models: readonly string[]): KerasLayer {
  const kind = isObject(value) ? value.class_name : undefined;
  const config = isObject(value) ? value.config : undefined;
  const name = isObject(config) ? config.name : isObject(value) ? value.name : undefined;
  const nested = isModel(kind) && Array.isArray(config);
  if (typeof kind !== 'string' || !(isObject(config) || nested) || (typeof name !== 'string' && !isModel(kind))) {
    throw bad(`a layer expected { class_name, config: { name } }, got ${excerpt(value)}`);
  }
  return { name: typeof name === 'string' ? name : '', kind, config: isObject(config) ? config : {}, models };
}

/** The layers of a functional model from its input to its output, each of which takes what the one before it gives. */
function chainOf(bad: Bad, list: readonly unknown[], config: JsonObject): readonly unknown[] {
  const layers = new Map(Array.from(list, (value) => [checkLayer(bad, value, []).name, value] as const));
  endOf(bad, 'input', config.input_layers);
  const chain: unknown[] = [];
  const seen = new Set<string>();
  for (let name: string | undefined = endOf(bad, 'output', config.output_layers); name !== undefined;) {
    const value = layers.get(name);
    if (value === undefined) throw bad(`layer ${describe(name)} is not there`);
    if (seen.has(name)) throw bad(`layer ${describe(name)} takes what it gives`);
    seen.add(name);
    chain.unshift(value);
    name = sourceOf(bad, value as JsonObject);
  }
  for (const [name, value] of layers) {
    if (seen.has(name)) continue;
    const layer = checkLayer(bad, value, []);
    throw layerFault(bad, layer, 'is not on the way from the input to the output: only a chain can be imported');
  }
  return chain;
}

/** The one input or output: [["name", 0, 0]], or without the outer list. */
function endOf(bad: Bad, what: string, value: unknown): string {
  const ends = Array.isArray(value) && !Array.isArray(value[0]) ? [value] : value;
  if (!Array.isArray(ends)) throw bad(`its ${what}_layers expected a list, got ${excerpt(value)}`);
  if (ends.length !== 1) throw bad(`it has ${ends.length} ${what}s: only a chain of layers can be imported`);
  const [name] = ends[0] as unknown[];
  if (typeof name !== 'string') throw bad(`its ${what}_layers expected a name, got ${excerpt(value)}`);
  return name;
}

/** The layer whose output a layer takes; undefined for an input. */
function sourceOf(bad: Bad, value: JsonObject): string | undefined {
  const layer = checkLayer(bad, value, []);
  const fault = (what: string) => layerFault(bad, layer, what);
  const nodes = value.inbound_nodes ?? [];
  if (!Array.isArray(nodes)) throw fault(`expected a list of inbound_nodes, got ${excerpt(nodes)}`);
  if (nodes.length === 0) {
    if (layer.kind === 'InputLayer') return undefined;
    throw fault('has no input');
  }
  if (nodes.length > 1) throw fault(`is used ${nodes.length} times: only a chain of layers can be imported`);
  const { sources, calledWith } = readNode(nodes[0]);
  const [source] = sources;
  if (sources.length !== 1) throw fault(`takes ${sources.length} inputs: only a chain of layers can be imported`);
  if (!Array.isArray(source) || typeof source[0] !== 'string' || source[2] !== 0) {
    throw fault(`expected an input [name, 0, 0], got ${excerpt(source)}`);
  }
  for (const call of [source[3], calledWith]) {
    const odd = isObject(call) ? Object.entries(call).find(([, set]) => set !== null && set !== false) : undefined;
    if (odd) throw fault(`is called with ${odd[0]}: ${excerpt(odd[1])}, which cannot be imported`);
  }
  return source[0];
}

/** What goes into a call: [[name, 0, 0, {}], ...], in some versions without the outer list, in Keras 3 { args, kwargs }. */
function readNode(node: unknown): { sources: readonly unknown[]; calledWith: unknown } {
  if (isObject(node)) {
    const history = (tensor: unknown) =>
      isObject(tensor) && isObject(tensor.config) ? tensor.config.keras_history : tensor;
    const args = Array.isArray(node.args) ? (node.args as unknown[]) : [];
    const tensors = args.flatMap((arg) => (Array.isArray(arg) ? (arg as unknown[]) : [arg]));
    return { sources: tensors.map(history), calledWith: node.kwargs };
  }
  if (!Array.isArray(node)) return { sources: [], calledWith: undefined };
  return { sources: typeof node[0] === 'string' ? [node] : (node as unknown[]), calledWith: undefined };
}
