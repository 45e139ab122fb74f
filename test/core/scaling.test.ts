import { describe, expect, it } from 'vitest';
import { outputType, scalesInSingle } from '#src/core/scaling.js';

const affine = (scale: number[], shift: number[]) => ({
  scale: Float64Array.from(scale),
  shift: Float64Array.from(shift),
});

describe('scalesInSingle', () => {
  it.each([
    ['nothing to scale', [1, 1], [0, 0], true],
    ['bytes of images', [1 / 255], [0], true],
    ['images with their mean and deviation', [1 / (255 * 0.3081)], [-0.42], true],
    ['a mean of four deviations', [1], [-4], true],
    ['a column that is left out', [0], [0], true],
    ['10,000,001 to 10,000,010', [1 / 2.87], [-10_000_005.5 / 2.87], false],
    ['one column among others', [1, 1, 1], [0, 0, 4.1], false],
    ['tiny numbers', [1e84], [0], false],
    ['numbers that float32 holds with few bits', [1e40], [0], false],
    ['large numbers', [-1e-35], [0], false],
  ])('%s', (_, scale, shift, expected) =>
    expect(scalesInSingle(affine(scale, shift), new Float64Array(1))).toBe(expected),
  );

  it.each([
    ['bytes', new Uint8Array(1), 1, -255, true],
    ['float32', new Float32Array(1), 1, -1e6, true],
    ['float64 that float32 may not hold', new Float64Array(1), 1, -255, false],
    ['wide integers', new Int32Array(1), 1, -255, false],
    ['a shift that float32 does not hold', new Float32Array(1), 1, -255.1, false],
    ['another scale', new Uint8Array(1), 0.5, -255, false],
  ])('a constant column among pixels: %s', (_, inputs, scale, shift, expected) =>
    expect(scalesInSingle(affine([1 / 73, scale], [-0.4, shift]), inputs)).toBe(expected),
  );
});

describe('outputType', () => {
  it.each([
    ['targets as they are', undefined, Float32Array],
    ['a mean of a thousand deviations', affine([1, 0.01], [0, -1000]), Float32Array],
    ['milliseconds of a minute', affine([1, 1 / 17_000], [0, -1e8]), Float64Array],
    ['tiny targets', affine([1e84], [0]), Float64Array],
    ['huge targets', affine([1e-38], [0]), Float64Array],
  ])('%s', (_, given, expected) => expect(outputType(given)).toBe(expected));
});
