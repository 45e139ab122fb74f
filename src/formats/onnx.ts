import { wrongType } from '../core/checks.ts';
import { type Activation, LEAK } from '../core/activations.ts';
import { parameterCount, widths } from '../core/spec.ts';
import { VERSION } from '../core/version.ts';
import { Network } from '../nn/network.ts';
import { inputSteps, outputSteps, type Steps } from './affine-steps.ts';
import { checkFloat32Range, type ExportOptions } from './float32-range.ts';
import { checkFinite } from './model.ts';
import type { OnnxNode, OnnxTensor } from './onnx-messages.ts';
import { checkPath, writeAside } from './write-aside.ts';

/** Gemm, Softmax over the last axis and the others have meant what is used here since opset 13, of IR version 7. */
const OPSET = 13;
const IR_VERSION = 7;
/** A protobuf message is shorter than 2 GiB; some room is left for what is not weights. */
const MOST_PARAMETERS = 2 ** 29 - 2 ** 20;

const OPERATORS: Record<Exclude<Activation, 'linear'>, Omit<OnnxNode, 'inputs' | 'output'>> = {
  sigmoid: { operator: 'Sigmoid' },
  tanh: { operator: 'Tanh' },
  relu: { operator: 'Relu' },
  'leaky-relu': { operator: 'LeakyRelu', attribute: { name: 'alpha', float: LEAK } },
  elu: { operator: 'Elu' },
  softmax: { operator: 'Softmax', attribute: { name: 'axis', int: -1 } },
};

/**
 * A network as an ONNX model: `input` (batch x n) and `output` (batch x K), float32, both in raw units; the normalisation is
 * part of the graph.
 * @throws RangeError if a weight is not finite, a factor of the normalisation no float32, the model larger than 2 GiB, or float32
 * cannot hold inputs or outputs (see {@link ExportOptions})
 */
export async function exportOnnx(network: Network, given: ExportOptions = {}): Promise<Uint8Array> {
  if (!(network instanceof Network)) throw wrongType('network', 'Network', network);
  checkFloat32Range(network, given);
  const { spec, normalization } = network;
  if (parameterCount(spec) > MOST_PARAMETERS) {
    throw new RangeError(`"network" expected at most ${MOST_PARAMETERS} parameters, got ${parameterCount(spec)}`);
  }
  const { encodeModel } = await import('./onnx-messages.ts');
  const n = widths(spec);
  const graph = new GraphBuilder('input');
  if (normalization.inputs) graph.affine('inputs', inputSteps(normalization.inputs));
  network.parameters.forEach(({ weights, bias }, l) => {
    checkFinite(l, weights);
    checkFinite(l, bias);
    const W = graph.constant(`${l}.weight`, [n[l]!, n[l + 1]!], weights);
    const b = graph.constant(`${l}.bias`, [n[l + 1]!], bias);
    graph.step({ operator: 'Gemm' }, W, b);
    const { activation } = spec.layers[l]!;
    if (activation !== 'linear') graph.step(OPERATORS[activation]);
  });
  if (normalization.targets) graph.affine('targets', outputSteps(normalization.targets));
  return encodeModel({
    irVersion: IR_VERSION,
    opset: OPSET,
    producer: { name: 'gradpool', version: VERSION },
    name: 'network',
    nodes: graph.finish('output'),
    constants: graph.constants,
    input: { name: 'input', columns: spec.inputs },
    output: { name: 'output', columns: n.at(-1)! },
  });
}

/**
 * Writes {@link exportOnnx} to a file.
 * @throws what it throws, and what `node:fs` throws
 */
export async function saveOnnx(path: string | URL, network: Network, given: ExportOptions = {}): Promise<void> {
  const place = checkPath('path', path);
  await writeAside('path', place, await exportOnnx(network, given));
}

/** A chain of nodes, each of which takes what the one before it computed. */
class GraphBuilder {
  readonly constants: OnnxTensor[] = [];
  readonly #nodes: OnnxNode[] = [];
  #last: string;

  constructor(input: string) {
    this.#last = input;
  }

  constant(name: string, dims: readonly number[], values: Float32Array): string {
    this.constants.push({ name, dims, values });
    return name;
  }

  step(node: Omit<OnnxNode, 'inputs' | 'output'>, ...constants: string[]): void {
    const output = `h${this.#nodes.length}`;
    this.#nodes.push({ ...node, inputs: [this.#last, ...constants], output });
    this.#last = output;
  }

  affine(name: string, steps: Steps): void {
    for (const { kind, values } of steps) {
      const operator = kind === 'add' ? 'Add' : 'Mul';
      this.step({ operator }, this.constant(`${name}.${kind}`, [values.length], values));
    }
  }

  /** The nodes, of which the last gives `output`. */
  finish(output: string): OnnxNode[] {
    return this.#nodes.map((node, i) => (i === this.#nodes.length - 1 ? { ...node, output } : node));
  }
}
