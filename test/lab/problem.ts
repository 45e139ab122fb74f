import { Dataset } from 'gradpool';
import { Random } from '#src/core/random.js';

/** Three clouds of points in the plane, which touch. */
export function blobs(count: number): Dataset {
  const random = new Random(4);
  const targets = Uint8Array.from({ length: count }, (_, i) => i % 3);
  const inputs = Array.from(targets, (k) => [
    Math.cos(2.1 * k) + 0.4 * random.normal(),
    Math.sin(2.1 * k) + 0.4 * random.normal(),
  ]);
  return Dataset.fromArrays({ inputs, targets });
}

/** x = 1 and d = 1 + noise, or 1 - noise, in turn. */
export function aboutOne(noise: number): Dataset {
  const targets = Float32Array.from({ length: 2048 }, (_, i) => (i % 2 === 0 ? 1 + noise : 1 - noise));
  return Dataset.fromArrays({ inputs: new Float32Array(2048).fill(1), inputSize: 1, targets });
}
