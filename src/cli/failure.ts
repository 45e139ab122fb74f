import { type Command, CommanderError } from 'commander';
import { GradpoolError } from '../core/errors.ts';
import { isError } from '../core/realm.ts';
import { inWordsOfProgram } from './option-names.ts';

/** What the program ends with; after a signal, 128 and its number. */
export const EXIT = { done: 0, failed: 1, usage: 2, hungUp: 129, interrupted: 130, terminated: 143 } as const;

/** Something that is wrong with how the program was called. */
export class UsageError extends Error {}

/** An exit code, and what to say; `told`: it has been said. */
interface Failure {
  readonly code: number;
  readonly message: string;
  readonly told: boolean;
}

/**
 * The exit code of what was thrown, and what to say of it.
 * @param ended - the signal that came, if one did
 * @param command - that ran, if it came so far
 */
export function failureOf(error: unknown, ended: NodeJS.Signals | undefined, command?: Command): Failure {
  // Commander has printed its own messages.
  if (error instanceof CommanderError)
    return error.exitCode === 0
      ? { code: EXIT.done, message: '', told: true }
      : { code: EXIT.usage, message: error.message, told: true };
  if (error instanceof GradpoolError) {
    if (error.code === 'ERR_ABORTED') return abortedBy(ended);
    const message = inWordsOfProgram(error.message, command);
    return { code: EXIT.failed, message: `${error.code}: ${message}`, told: false };
  }
  const message = inWordsOfProgram(isError(error) ? error.message : String(error), command);
  const usage = error instanceof UsageError || isArgumentError(error);
  return { code: usage ? EXIT.usage : EXIT.failed, message, told: false };
}

function abortedBy(signal: NodeJS.Signals | undefined): Failure {
  switch (signal) {
    case 'SIGPIPE':
      return { code: EXIT.done, message: '', told: true };
    case 'SIGHUP':
      return { code: EXIT.hungUp, message: 'the terminal is gone', told: false };
    case 'SIGTERM':
      return { code: EXIT.terminated, message: 'terminated', told: false };
    default:
      return { code: EXIT.interrupted, message: 'interrupted', told: false };
  }
}

/** The library names the argument in quotes; other such errors are mistakes of ours, or of the engine. */
function isArgumentError(error: unknown): boolean {
  return (error instanceof TypeError || error instanceof RangeError) && /"[^"]+" (expected|has no)/.test(error.message);
}
