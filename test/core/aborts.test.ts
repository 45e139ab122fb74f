import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { onAbort } from '#src/core/aborts.js';

test('a signal has one listener however many wait for it, and none once nobody does', () => {
  const controller = new AbortController();
  const { signal } = controller;
  let stopped = 0;
  const ends = Array.from({ length: 50 }, () => onAbort(signal, () => stopped++));
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  for (const end of ends.slice(0, 49)) end();
  for (const end of ends.slice(0, 49)) end();
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  controller.abort();
  expect(stopped).toBe(1);
  ends[49]!();
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

test('all that wait are told, also one that another one ends meanwhile', () => {
  const controller = new AbortController();
  const told: string[] = [];
  const ends: (() => void)[] = [];
  for (const name of ['a', 'b', 'c'])
    ends.push(
      onAbort(controller.signal, () => {
        told.push(name);
        for (const end of ends) end();
      }),
    );
  controller.abort();
  expect(told).toEqual(['a', 'b', 'c']);
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  onAbort(undefined, () => told.push('never'))();
});
