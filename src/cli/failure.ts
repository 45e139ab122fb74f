import { CommanderError } from 'commander';
import { GradpoolError } from '../core/errors.ts';

/** What a program ends with: done, failed, wrongly called, interrupted. */
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** Something that is wrong with how the program was called. */
export class UsageError extends Error {}

/** The exit code of what was thrown, and what to say of it; `told`: it has been said. */
export function failureOf(error: unknown): { code: number; message: string; told: boolean } {
  // Commander has printed its own messages.
  if (error instanceof CommanderError)
    return error.exitCode === 0
      ? { code: EXIT.done, message: '', told: true }
      : { code: EXIT.usage, message: error.message, told: true };
  if (error instanceof GradpoolError) {
    const code = error.code === 'ERR_ABORTED' ? EXIT.interrupted : EXIT.failed;
    return { code, message: `${error.code}: ${error.message}`, told: false };
  }
  const message = error instanceof Error ? error.message : String(error);
  const usage = error instanceof UsageError || isArgumentError(error);
  return { code: usage ? EXIT.usage : EXIT.failed, message, told: false };
}

/** The library names the argument in quotes; other such errors are mistakes of ours, or of the engine. */
function isArgumentError(error: unknown): boolean {
  return (error instanceof TypeError || error instanceof RangeError) && /"[^"]+" (expected|has no)/.test(error.message);
}
