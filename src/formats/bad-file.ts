import { GradpoolError } from '../core/errors.ts';

/** Makes the error about one file: what is wrong with it, and what else threw, if anything did. */
export type Bad = (what: string, cause?: unknown) => GradpoolError;

/**
 * @param label - the path, or the name of the argument that holds the bytes
 * @param kind - what the file should be: 'a safetensors file'
 */
export function badFile(label: string, kind: string): Bad {
  return (what, cause) =>
    new GradpoolError('ERR_BAD_FILE', `${label} is not ${kind}: ${what}`, cause === undefined ? undefined : { cause });
}

/** Runs `make`; a TypeError or RangeError about values that came from a file becomes an error about the file. */
export function orBad<T>(bad: Bad, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    if (cause instanceof TypeError || cause instanceof RangeError) throw bad(cause.message, cause);
    throw cause;
  }
}
