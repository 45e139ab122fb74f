import { GradpoolError } from '../core/errors.ts';

/** A file that is not what it should be. @param where - the file, and the line and the column where they are known */
export function badFile(where: string, what: string, cause?: unknown): GradpoolError {
  return new GradpoolError('ERR_BAD_FILE', `${where}: ${what}`, cause === undefined ? undefined : { cause });
}

/** The column of a place, as it reads in a message. */
export function inColumn(where: string, name: string): string {
  return `${where}, column ${JSON.stringify(name)}`;
}

/** What to do about a column that cannot be read. */
export const LEAVE_OUT = 'leave it out with "columns" (--features in the program)';
