import { expect, it } from 'vitest';
import { fromFailure, GradpoolError, toFailure } from '#src/core/errors.js';

it('carries a stable code and its cause', () => {
  const cause = new Error('below');
  const error = new GradpoolError('ERR_ABORTED', 'stopped', { cause });
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ name: 'GradpoolError', code: 'ERR_ABORTED', message: 'stopped', cause });
});

it('crosses a thread with code, message and what caused it', () => {
  const error = new GradpoolError('ERR_DOES_NOT_FIT', 'too big', { cause: new Error('below') });
  const arrived = fromFailure(structuredClone(toFailure(error, 'ERR_WORKER_FAILED')));
  expect(arrived).toBeInstanceOf(GradpoolError);
  expect(arrived).toMatchObject({ code: 'ERR_DOES_NOT_FIT', message: 'too big' });
  expect((arrived.cause as Error).message).toMatch(/Error: below\n.*errors\.test/s);
});

it('what has no code of ours gets the one of the place, and keeps its stack', () => {
  const arrived = fromFailure(structuredClone(toFailure(new TypeError('odd'), 'ERR_WORKER_FAILED')));
  expect(arrived).toMatchObject({ code: 'ERR_WORKER_FAILED', message: 'odd' });
  expect((arrived.cause as Error).message).toMatch(/TypeError: odd\n/);
  expect(toFailure('a string', 'ERR_WORKER_FAILED')).toMatchObject({ message: 'a string' });
  expect(fromFailure(toFailure(new GradpoolError('ERR_BUSY', 'busy'), 'ERR_CLOSED')).cause).toBeUndefined();
});
