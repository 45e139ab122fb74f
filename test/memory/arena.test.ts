import { describe, expect, it } from 'vitest';
import { expectSameBits } from '../close.ts';
import type { NetworkSpec } from '#src/core/spec.js';
import { Arena } from '#src/memory/arena.js';
import { type Format, place, type Plan, planTraining, scalarBytes } from '#src/memory/layout.js';
import { initialise } from '#src/nn/initialise.js';

const FORMATS: readonly Format[] = ['panels-f32', 'rows-f64'];
const spec: NetworkSpec = {
  inputs: 9,
  layers: [
    { units: 70, activation: 'relu' },
    { units: 5, activation: 'tanh' },
    { units: 3, activation: 'softmax' },
  ],
  loss: 'cross-entropy',
};

function plan(format: Format, stateVectors = 0): Plan {
  return planTraining({ spec, batchSize: 8, workers: 2, stateVectors, format });
}

function loaded(arena: Arena, slot: number) {
  const into = initialise(spec, 99, 'glorot');
  let pieces = 0;
  for (const _ of arena.loadParameters(slot, into)) pieces++;
  return { into, pieces };
}

describe.each(FORMATS)('%s', (format) => {
  it('parameters come back as they were stored, from the slot that they were stored to', () => {
    const arena = Arena.allocate(plan(format));
    const [a, b] = [initialise(spec, 1, 'he'), initialise(spec, 2, 'glorot')];
    for (const layers of [a, b]) for (const { bias } of layers) bias.forEach((_, i) => (bias[i] = Math.fround(i / 3)));
    arena.storeParameters(0, a);
    arena.storeParameters(2, b);
    expectSameBits('slot 0', loaded(arena, 0).into, a);
    expectSameBits('slot 2', loaded(arena, 2).into, b);
    expect(loaded(arena, 1).into.every(({ weights }) => weights.every((w) => w === 0))).toBe(true);
  });

  it('reads in pieces, so that a thread can do other things in between', () => {
    const arena = Arena.allocate(plan(format));
    expect(loaded(arena, 0).pieces).toBeGreaterThan(spec.layers.length);
  });

  it('element (r, c) of W_l is where the layout says', () => {
    const arena = Arena.allocate(plan(format));
    const layers = initialise(spec, 3, 'he');
    arena.storeParameters(1, layers);
    const { weights } = arena.plan.layers[1]!;
    const view = new DataView(arena.handle.buffer);
    const at = arena.slot(1) + place(format, weights, 33, 4);
    const value = scalarBytes(format) === 8 ? view.getFloat64(at, true) : view.getFloat32(at, true);
    expect(value).toBe(layers[1]!.weights[33 * 5 + 4]);
  });

  // Where training diverges, NaN gets into the padding too; it must not stay when new parameters are set.
  it('storing zeroes the padding', () => {
    const arena = Arena.allocate(plan(format));
    const clean = new Uint8Array(arena.handle.buffer, arena.slot(0), arena.plan.slots.bytes);
    arena.storeParameters(0, initialise(spec, 4, 'he'));
    const expected = clean.slice();
    clean.fill(0xff);
    arena.storeParameters(0, initialise(spec, 4, 'he'));
    const difference = clean.findIndex((byte, i) => byte !== expected[i]);
    expect(difference, 'first byte of the slot that is not as in a fresh arena').toBe(-1);
  });

  it('clearing the state of the optimiser touches nothing else', () => {
    const arena = Arena.allocate(plan(format, 2));
    const all = new Uint8Array(arena.handle.buffer);
    all.fill(1);
    arena.clearState();
    const { state, slots } = arena.plan;
    const zeros = all.reduce((sum, byte) => sum + (byte === 0 ? 1 : 0), 0);
    expect(zeros).toBe(4 * slots.bytes);
    expect(all.subarray(state.offset, state.offset + 4 * slots.bytes).every((byte) => byte === 0)).toBe(true);
  });

  it('another view of the same handle sees the same memory', () => {
    const arena = Arena.allocate(plan(format));
    const attached = new Arena(structuredClone({ ...arena.handle, memory: undefined }));
    expect(attached.handle.buffer).toBeInstanceOf(SharedArrayBuffer);
    const layers = initialise(spec, 5, 'he');
    attached.storeParameters(0, layers);
    expectSameBits('through the first view', loaded(arena, 0).into, layers);
    attached.statistics(1)[0] = 7;
    expect(arena.statistics(1)[0]).toBe(7);
    Atomics.store(attached.control, 0, 3);
    expect(Atomics.load(arena.control, 0)).toBe(3);
  });
});

it('a plan of more memory than there is fails with its bytes', () => {
  const bytes = 2 ** 32 + 65536;
  expect(() => Arena.allocate({ ...plan('panels-f32'), bytes })).toThrow(
    expect.objectContaining({ code: 'ERR_DOES_NOT_FIT', message: expect.stringContaining(`${bytes}`) as string }),
  );
});
