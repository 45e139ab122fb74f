import { expect, it } from 'vitest';
import {
  ABORT,
  ARRIVED,
  COMPLETED,
  controlBytes,
  FIRST_PHASE,
  GENERATION,
  heartbeat,
  PHASES,
  SLEEPERS,
  STATISTICS_BYTES,
} from '#src/memory/control.js';

it('each control word has a cache line of its own, within the block', () => {
  const words = [ABORT, ARRIVED, GENERATION, SLEEPERS, COMPLETED, ...[0, 1, 2, 3].map(heartbeat)];
  const lines = words.map((word) => (word * 4) / 64);
  expect(lines.every(Number.isInteger)).toBe(true);
  expect(new Set(lines).size).toBe(words.length);
  // 3 workers and the coordinator.
  expect(controlBytes(3)).toBe((Math.max(...lines) + 1) * 64);
});

it('the statistics of a worker fit and share no cache line', () => {
  expect(STATISTICS_BYTES % 64).toBe(0);
  expect((FIRST_PHASE + PHASES.length) * 8).toBeLessThanOrEqual(STATISTICS_BYTES);
});
