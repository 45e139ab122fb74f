import { badFile, inColumn } from './bad-file.ts';
import { ColumnBuilder } from './column-builder.ts';
import type { ColumnChoice } from './read-options.ts';

/** More columns than this are taken for a file of another format. */
export const MOST_COLUMNS = 100_000;

/**
 * A builder for each column that is to be read, undefined for the others and for those without a name.
 * @throws GradpoolError ERR_BAD_FILE where a name stands twice, or a column that was asked for is not there
 */
export function chooseColumns(
  label: string,
  names: readonly string[],
  choice: ColumnChoice,
): (ColumnBuilder | undefined)[] {
  if (names.length > MOST_COLUMNS) {
    throw badFile(label, `expected at most ${MOST_COLUMNS} columns, got ${names.length}`);
  }
  if (names.every((name) => name === '')) throw badFile(label, `expected names, got ${names.length} empty ones`);
  // What nobody asks for may have any name, or none.
  const wanted = new Set(choice.columns ?? names.filter((name) => name !== ''));
  const seen = new Set<string>();
  names.forEach((name, i) => {
    if (seen.has(name) && wanted.has(name))
      throw badFile(inColumn(label, name), `the name stands twice, again at column ${i + 1}`);
    if (name.includes('\uFFFD') && wanted.has(name))
      throw badFile(inColumn(label, name), 'expected a name in UTF-8: save the file as UTF-8');
    seen.add(name);
  });
  for (const name of [...(choice.columns ?? []), ...choice.numeric, ...choice.categorical]) {
    if (!seen.has(name) && !choice.optional.has(name)) {
      throw badFile(label, `has no column ${JSON.stringify(name)}; it has ${listed(names)}`);
    }
  }
  return names.map((name) => (wanted.has(name) ? new ColumnBuilder(name, choice) : undefined));
}

/** Names as they read in a message. */
export function listed(names: readonly string[]): string {
  return firstOf(names.filter((name) => name !== '').map((name) => JSON.stringify(name)));
}

/** The first of what may be very many. */
export function firstOf(shown: readonly string[], most = 10): string {
  return shown.slice(0, most).join(', ') + (shown.length > most ? ` and ${shown.length - most} more` : '');
}

/** c1, c2, ... */
export function numberedNames(count: number, stem = 'c'): string[] {
  return Array.from({ length: count }, (_, i) => `${stem}${i + 1}`);
}
