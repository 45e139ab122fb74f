import { CommanderError } from 'commander';
import { GradpoolError } from '../core/errors.ts';

/** What a program ends with: done, failed, wrongly called, interrupted. */
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** Something that is wrong with how the program was called. */
export class UsageError extends Error {}

/** The exit code of what was thrown, and what to say of it; undefined if it has been said. */
export function failureOf(error: unknown): { code: number; message: string | undefined } {
  // Commander has printed its own messages.
  if (error instanceof CommanderError)
    return { code: error.exitCode === 0 ? EXIT.done : EXIT.usage, message: undefined };
  if (error instanceof GradpoolError) {
    const code = error.code === 'ERR_ABORTED' ? EXIT.interrupted : EXIT.failed;
    return { code, message: `${error.code}: ${error.message}` };
  }
  const message = error instanceof Error ? error.message : String(error);
  const usage = error instanceof UsageError || error instanceof RangeError || isArgumentError(error);
  return { code: usage ? EXIT.usage : EXIT.failed, message };
}

/** The library names the argument in quotes first; other TypeErrors are mistakes of ours. */
function isArgumentError(error: unknown): boolean {
  return error instanceof TypeError && error.message.startsWith('"');
}
