import { expect, test } from 'vitest';
import { describeEnvironment } from '#src/lab/environment.js';

test('the environment is plain data, and its caches have a level, a type and a size', () => {
  const { caches, ...rest } = describeEnvironment();
  expect(JSON.parse(JSON.stringify(rest))).toMatchObject({ node: process.versions.node, cores: rest.cores });
  expect(caches.every(({ level, bytes }) => level >= 1 && level <= 4 && bytes >= 1024)).toBe(true);
  expect(caches.every(({ type }) => ['Data', 'Instruction', 'Unified'].includes(type))).toBe(true);
});
