import type { FileFormat, ReadOptions } from '../data/read-options.ts';

/** How a file is laid out, and its numbers are. */
export interface LayoutFlags {
  format?: FileFormat;
  delimiter?: string;
  header?: boolean;
  quote?: string;
  comment?: string;
  decimal?: '.' | ',';
  thousands?: string;
}

/** What is said of tables alone: their columns, and how they are laid out. */
export const TABLE_FLAGS = [
  ...(['target', 'features', 'weightColumn', 'categorical', 'groupColumn', 'timeColumn'] as const),
  ...(['missing', 'missingValues', 'dates', 'unknown'] as const),
  ...(['format', 'delimiter', 'header', 'quote', 'comment', 'decimal', 'thousands'] as const),
];

/** The same as `readTable` is to be told. */
export function layoutOf({ format, delimiter, header, quote, comment, decimal, thousands }: LayoutFlags): ReadOptions {
  return {
    ...{ format, header, comment, decimal, thousands },
    // A tab is hard to type.
    delimiter: delimiter === '\\t' ? '\t' : delimiter,
    quote: quote === 'none' ? false : quote,
  };
}
