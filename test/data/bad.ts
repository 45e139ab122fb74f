import { expect } from 'vitest';

/** A GradpoolError of that code whose message holds the text. */
export function bad(code: 'ERR_BAD_FILE' | 'ERR_BAD_DATA', message: string): object {
  return expect.objectContaining({
    name: 'GradpoolError',
    code,
    message: expect.stringContaining(message) as string,
  }) as object;
}

export const badFile = (message: string): object => bad('ERR_BAD_FILE', message);
export const badData = (message: string): object => bad('ERR_BAD_DATA', message);
