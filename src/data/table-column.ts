import type { NumericArray } from '../core/table.ts';

/** A column of numbers, in the narrowest type that holds them exactly, in shared memory. */
export interface NumericColumn {
  readonly kind: 'numeric';
  readonly name: string;
  /** One for each row; 0 where it is missing. */
  readonly values: NumericArray;
  /** The rows without a value, ascending, from 0. */
  readonly missing: Uint32Array;
  /** The first few different texts that counted as missing. */
  readonly missingTexts?: readonly string[];
  /** Where its texts were digits, all as many, of which some begin with 0 (007, 010): how many. */
  readonly digits?: number;
}

/** A column of texts, each stored once. */
export interface CategoricalColumn {
  readonly kind: 'categorical';
  readonly name: string;
  /** The different texts, sorted by code units. */
  readonly categories: readonly string[];
  /** For each row the index of its text in `categories`; 0 where it is missing. In shared memory. */
  readonly codes: NumericArray;
  /** The rows without a value, ascending, from 0. */
  readonly missing: Uint32Array;
  /** The first few different texts that counted as missing. */
  readonly missingTexts?: readonly string[];
  /** There are more different texts than are kept: rows with others count as missing. */
  readonly tooMany?: boolean;
}

export type TableColumn = NumericColumn | CategoricalColumn;
