// What is printed and kept: tables for the terminal and in Markdown, what was left out and why, all samples as JSON.
import { join } from 'node:path';
import { table, writeWhole } from '../../../dist/src/cli/text.js';

/**
 * @param {readonly import('./tables.mjs').Table[]} tables
 * @param {import('./rounds.mjs').Measurements} measurements
 */
export function asText(tables, measurements) {
  const parts = tables.map(({ title, head, rows, remarks }) => [title, table(head, rows), ...remarks].join('\n'));
  return [...parts, leftOut(measurements).join('\n')].filter((part) => part !== '').join('\n\n');
}

/** @param {{ environment: object, versions: Record<string, string>, options: object }} about */
export function asMarkdown(tables, measurements, { environment, versions, options }) {
  const machine =
    `${environment.cpu}, ${environment.availableCores} cores, Node ${environment.node}, ${environment.time.slice(0, 10)}; ` +
    `${options.rounds} rounds of ${options.seconds} s. ` +
    `${Object.entries(versions)
      .map(([peer, version]) => `${peer} ${version}`)
      .join(', ')}.`;
  const parts = tables.map(({ title, head, rows, remarks }) =>
    [`### ${title}`, pipes(head, rows), ...remarks].join('\n\n'),
  );
  const notes = leftOut(measurements).map((line) => `- ${line}`);
  return `${[machine, ...parts, notes.join('\n')].filter((part) => part !== '').join('\n\n')}\n`;
}

/** The first column to the left, the others to the right. */
function pipes(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const rule = `| ${head.map((_, i) => (i === 0 ? '---' : '--:')).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** A line for all that is missing from the tables. */
function leftOut({ unavailable, failures, excluded }) {
  return [
    ...unavailable.map(({ peer, reason }) => `${peer} is unavailable: ${reason}`),
    ...failures.map(({ peer, cell, threads, reason }) => `${cell} ${peer} x${threads}: ${reason}`),
    ...excluded.map(
      ({ peer, cell, threads, round, reason }) => `${cell} ${peer} x${threads}, round ${round}, not counted: ${reason}`,
    ),
  ];
}

/** Writes peers.json and peers.md. @returns {string[]} their paths */
export function save(folder, tables, measurements, about) {
  const json = join(folder, 'peers.json');
  const markdown = join(folder, 'peers.md');
  writeWhole(json, `${JSON.stringify({ benchmark: 'peers', ...about, tables, ...measurements })}\n`);
  writeWhole(markdown, asMarkdown(tables, measurements, about));
  return [json, markdown];
}
