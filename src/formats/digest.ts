import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';

/** How long the calling thread is held up at a time; ms. */
const SLICE = 5;
const PIECE = 2 ** 20;

/** SHA-256 of bytes one after the other, in hexadecimal; the event loop turns in between. */
export async function digestOf(parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  let slice = performance.now();
  for await (const part of parts) {
    for (let at = 0; at < part.length; at += PIECE) {
      hash.update(part.subarray(at, at + PIECE));
      if (performance.now() - slice < SLICE) continue;
      await turn();
      slice = performance.now();
    }
  }
  return hash.digest('hex');
}
