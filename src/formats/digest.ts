import { createHash } from 'node:crypto';
import { Turns } from '../core/turns.ts';

const PIECE = 2 ** 20;

/** SHA-256 of bytes one after the other, in hexadecimal; the event loop turns in between. */
export async function digestOf(parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  const turns = new Turns();
  for await (const part of parts) {
    for (let at = 0; at < part.length; at += PIECE) {
      hash.update(part.subarray(at, at + PIECE));
      await turns.next();
    }
  }
  return hash.digest('hex');
}
