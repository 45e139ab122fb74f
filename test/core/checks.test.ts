import { describe, expect, it } from 'vitest';
import { callback, describe as shown, finite, flag, integer, oneOf, options } from '#src/core/checks.js';

describe('integer', () => {
  it('returns what is right', () => {
    expect(integer('batchSize', 1, 1, 5)).toBe(1);
    expect(integer('batchSize', 5, 1, 5)).toBe(5);
    expect(integer('seed', Number.MAX_SAFE_INTEGER, 0)).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('a wrong value is a RangeError that names the argument, what was expected and what came', () => {
    expect(() => integer('batchSize', 0, 1, 60000)).toThrow(
      new RangeError('"batchSize" expected integer in [1, 60000], got 0'),
    );
    for (const value of [6, 1.5, NaN, Infinity]) expect(() => integer('n', value, 1, 5)).toThrow(RangeError);
    expect(() => integer('seed', -1, 0)).toThrow(new RangeError('"seed" expected integer of at least 0, got -1'));
  });

  it('a wrong type is a TypeError', () => {
    expect(() => integer('workers', '2', 1, 8)).toThrow(new TypeError('"workers" expected integer in [1, 8], got "2"'));
    for (const value of [undefined, null, {}, [1], 1n, true]) expect(() => integer('n', value, 1)).toThrow(TypeError);
  });
});

it('finite: the interval may be open above', () => {
  expect(finite('momentum', 0.9, 0, 1, true)).toBe(0.9);
  expect(() => finite('momentum', 1, 0, 1, true)).toThrow(
    new RangeError('"momentum" expected number in [0, 1), got 1'),
  );
  expect(finite('share', 1, 0, 1)).toBe(1);
  expect(() => finite('rate', Infinity, 0)).toThrow(
    new RangeError('"rate" expected finite number of at least 0, got Infinity'),
  );
  expect(() => finite('rate', NaN, 0)).toThrow(RangeError);
  expect(() => finite('loss', NaN, -Infinity)).toThrow(new RangeError('"loss" expected finite number, got NaN'));
  expect(() => finite('rate', '1', 0)).toThrow(TypeError);
});

it('flag takes booleans only', () => {
  expect(flag('shuffle', false)).toBe(false);
  expect(() => flag('shuffle', 0)).toThrow(new TypeError('"shuffle" expected boolean, got 0'));
});

it('oneOf names all words', () => {
  expect(oneOf('loss', 'mse', ['mse', 'other'])).toBe('mse');
  expect(() => oneOf('loss', 'mes', ['mse', 'other'])).toThrow(
    new RangeError(`"loss" expected one of 'mse', 'other', got "mes"`),
  );
  expect(() => oneOf('loss', 3, ['mse'])).toThrow(TypeError);
});

it('options: a misspelt key is an error that names those there are', () => {
  expect(options<{ a?: number; b?: number }>('options', { a: 1 }, ['a', 'b'])).toEqual({ a: 1 });
  expect(() =>
    options<{ batchSize?: number; seed?: number }>('options', { bathSize: 1 }, ['batchSize', 'seed']),
  ).toThrow(new TypeError('"options" has no option "bathSize"; it has batchSize, seed'));
  for (const value of [null, [], 'a', 1]) expect(() => options('options', value, [])).toThrow(TypeError);
});

it('callback takes functions only', () => {
  const listener = () => undefined;
  expect(callback('onEpoch', listener)).toBe(listener);
  expect(() => callback('onEpoch', 'x')).toThrow(new TypeError('"onEpoch" expected function, got "x"'));
});

it('values are shown short, with their type', () => {
  expect(shown('x'.repeat(100))).toBe(`"${'x'.repeat(60)}..."`);
  expect(shown(function named() {})).toBe('function named');
  expect(shown(null)).toBe('null');
  expect(shown([1, 2])).toBe('array of length 2');
  expect(shown(new Float32Array(3))).toBe('Float32Array of length 3');
  expect(shown(new Map())).toBe('Map');
  expect(shown({ a: 1 })).toBe('object');
  expect(shown(Object.create(null))).toBe('object');
  expect(shown(1n)).toBe('1');
  expect(shown(Symbol('s'))).toBe('Symbol(s)');
});
