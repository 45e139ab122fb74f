import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { busyParts, shardStart } from '#src/data/partition.js';

it('parts follow each other without a gap, are as even as they can be, and the empty ones are the last', () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.integer({ min: 1, max: 40 }), (count, parts) => {
      const sizes = Array.from(
        { length: parts },
        (_, p) => shardStart(count, parts, p + 1) - shardStart(count, parts, p),
      );
      expect(shardStart(count, parts, 0)).toBe(0);
      expect(shardStart(count, parts, parts)).toBe(count);
      expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
      expect(sizes[0]! - sizes.at(-1)!).toBeLessThanOrEqual(1);
      expect(sizes.filter((size) => size > 0)).toHaveLength(busyParts(count, parts));
    }),
  );
});

it('a batch of 7 on 3 workers', () => {
  expect([0, 1, 2, 3].map((part) => shardStart(7, 3, part))).toEqual([0, 3, 5, 7]);
});
