import pc from 'picocolors';

/** Colours on a terminal that has them, and where FORCE_COLOR asks for them; never with NO_COLOR, nor in a file or a pipe. */
export const colors = pc.createColors(
  pc.isColorSupported && (process.stdout.isTTY || process.env.FORCE_COLOR !== undefined),
);

/** Of the terminal, or what fits most screens. */
export function columns(): number {
  return process.stdout.columns ?? 100;
}
