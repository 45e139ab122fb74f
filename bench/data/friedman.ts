import { Random } from '../../src/core/random.ts';
import { Dataset } from '../../src/index.ts';

/**
 * Friedman #1 (Friedman 1991, section 4.3): ten inputs, uniform in [0, 1), of which five count;
 * d = 10 sin(pi x_1 x_2) + 20 (x_3 - 1/2)^2 + 10 x_4 + 5 x_5 + noise, normal with standard deviation `noise`.
 */
export function friedman(patterns: number, { seed = 1, noise = 1 } = {}): Dataset {
  const random = new Random(seed);
  const inputs = Array.from({ length: patterns }, () => Array.from({ length: 10 }, () => random.uniform()));
  const targets = inputs.map(
    ([x1, x2, x3, x4, x5]) =>
      10 * Math.sin(Math.PI * x1! * x2!) + 20 * (x3! - 0.5) ** 2 + 10 * x4! + 5 * x5! + noise * random.normal(),
  );
  return Dataset.fromArrays({ inputs, targets });
}
