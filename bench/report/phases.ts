import { PHASES } from '../../src/memory/control.ts';

/** Each phase once, in the order of an update, so that it has the same colour in every figure; unknown ones last. */
export function inOrder(phases: Iterable<string>): string[] {
  const known = PHASES as readonly string[];
  const place = (phase: string) => (known.includes(phase) ? known.indexOf(phase) : known.length);
  return [...new Set(phases)].sort((a, b) => place(a) - place(b));
}
