import { type Activation, Dataset, Network, Normalization } from 'gradpool';
import { Random } from '#src/core/random.js';

const HIDDEN: readonly Activation[] = ['relu', 'tanh', 'sigmoid', 'leaky-relu', 'elu', 'linear'];

export interface Sample {
  readonly name: string;
  readonly network: Network;
  readonly rows: readonly number[][];
}

/** Every activation, every output, with and without each normalisation, odd sizes and one layer. */
export function samples(): Sample[] {
  const random = new Random(21);
  const rows = (count: number, n: number) =>
    Array.from({ length: count }, () =>
      Array.from({ length: n }, (_, i) => Math.fround((i + 1) * random.normal() + i)),
    );
  const sample = (name: string, n: number, shape: [number, Activation][], inputs?: boolean, targets?: boolean) => {
    const layers = shape.map(([units, activation]) => ({ units, activation }));
    const K = layers.at(-1)!.units;
    const x = rows(50, n);
    const data = Dataset.fromArrays({
      inputs: x,
      targets: x.map(() => Array.from({ length: K }, () => 5 + 3 * random.uniform())),
    });
    const normalization = Normalization.fit(data, {
      inputs: inputs ? 'z-score' : 'none',
      targets: targets ? 'min-max' : 'none',
    });
    const network = new Network({ inputs: n, layers, seed: n, normalization });
    const parameters = network.parameters;
    for (const { bias } of parameters) bias.forEach((_, i) => (bias[i] = random.normal() / 4));
    network.setParameters(parameters);
    return { name, network, rows: rows(7, n) };
  };
  return [
    sample('one linear unit', 1, [[1, 'linear']]),
    sample('softmax alone', 3, [[4, 'softmax']]),
    sample(
      'every hidden activation',
      5,
      [...HIDDEN.map((word, i): [number, Activation] => [i + 3, word]), [3, 'softmax']],
      true,
    ),
    sample(
      'regression, both normalised',
      4,
      [
        [9, 'tanh'],
        [2, 'linear'],
      ],
      true,
      true,
    ),
    sample(
      'sigmoid outputs, normalised',
      6,
      [
        [8, 'relu'],
        [3, 'sigmoid'],
      ],
      true,
      true,
    ),
    sample(
      'targets normalised, no inputs',
      2,
      [
        [17, 'leaky-relu'],
        [9, 'linear'],
      ],
      false,
      true,
    ),
  ];
}
