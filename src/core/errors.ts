import { describe } from './checks.ts';
import { isError } from './realm.ts';

/** What went wrong, as a stable word. */
export type ErrorCode =
  /** What was asked for was stopped through its AbortSignal. */
  | 'ERR_ABORTED'
  /** The trainer is training already. */
  | 'ERR_BUSY'
  /** The trainer, the pool, or a data set on a disk was closed, before the call or during it. */
  | 'ERR_CLOSED'
  /** A worker exited, threw or made no progress; the trainer or the pool cannot be used again. */
  | 'ERR_WORKER_FAILED'
  /** The backend that was asked for cannot run here. */
  | 'ERR_BACKEND_UNAVAILABLE'
  /** The plan does not fit into one shared memory, data not into one array, or rows not on a disk. */
  | 'ERR_DOES_NOT_FIT'
  /** A data file cannot be read as what it should be. */
  | 'ERR_BAD_FILE'
  /**
   * Rows of a table do not go with their encoding: a missing value, an unknown category, a column that is not there. Or data in
   * shared memory were changed while they were in use.
   */
  | 'ERR_BAD_DATA'
  /** A file of the package, a kernel or a thread, is not beside its code, as after bundling. */
  | 'ERR_FILE_MISSING'
  /** Shared memory is needed and is not there. */
  | 'ERR_NO_SHARED_MEMORY';

/** A failure of the library's own, with a stable `code` and, where there is one, its `cause`. */
export class GradpoolError extends Error {
  override readonly name = 'GradpoolError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** An error as it crosses a thread: structured clone would lose its code. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  /** The stack of the error that caused it, if any. */
  readonly detail: string | undefined;
}

/** The failure that an error becomes on its way to another thread; what has no code of ours gets `code`. */
export function toFailure(error: unknown, code: ErrorCode): Failure {
  if (error instanceof GradpoolError) {
    return { code: error.code, message: error.message, detail: causeOf(error) };
  }
  const detail = isError(error) ? (error.stack ?? error.message) : String(error);
  return { code, message: isError(error) ? error.message : String(error), detail };
}

function causeOf(error: GradpoolError): string | undefined {
  const { cause } = error;
  if (cause === undefined) return undefined;
  return isError(cause) ? (cause.stack ?? cause.message) : describe(cause);
}

/** The error that arrives on this side of a thread boundary. */
export function fromFailure({ code, message, detail }: Failure): GradpoolError {
  return new GradpoolError(code, message, detail === undefined ? undefined : { cause: new Error(detail) });
}
