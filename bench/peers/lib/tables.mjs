// The tables, as data: a title, a head, rows of text, remarks. Printing them is another matter.
import { count, threeDigits } from './format.mjs';
import { best, figures, geometricMean, ratio } from './summary.mjs';

/**
 * @typedef {{ title: string, head: string[], rows: string[][], remarks: string[] }} Table
 * @typedef {import('./summary.mjs').Figure} Figure
 */

const NONE = '-';
const LARGEST = 'B:4096';

/**
 * @param {import('./rounds.mjs').Measurements} measurements
 * @param {readonly import('./catalogue.mjs').Peer[]} peers
 * @param {readonly import('./cells.mjs').Cell[]} cells
 * @returns {Table[]}
 */
export function makeTables({ samples }, peers, cells) {
  const languages = new Map(peers.map(({ name, language }) => [name, language]));
  const isPeer = ({ peer }) => languages.get(peer) !== 'gradpool';
  const context = { languages, isPeer, all: figures(samples), keys: cells.map(({ key }) => key) };
  return [againstBest(context), againstJavaScript(context), bestOfEach(context, peers), memory(context)].filter(
    ({ rows }) => rows.length > 0,
  );
}

/**
 * gradpool as it comes against the fastest peer: as its users write it, and also against what can be made of NumPy and
 * PyTorch by somebody who tunes every line.
 */
function againstBest({ all, keys, isPeer }) {
  const rows = [];
  const ratios = { usual: [], tuned: [] };
  for (const key of keys) {
    const ours = find(all, 'gradpool', key);
    const usual = best(all, (f) => f.cell === key && isPeer(f) && !isTuned(f));
    const tuned = best(all, (f) => f.cell === key && isTuned(f));
    if (!ours && !usual) continue;
    const [u, t] = [ratio(ours, usual), ratio(ours, tuned)];
    ratios.usual.push(u);
    ratios.tuned.push(t);
    const name = (figure) => (figure ? named(figure) : NONE);
    rows.push([key, rate(ours), name(usual), rate(usual), times(u), range(u), name(tuned), times(t)]);
  }
  const remark = (what, list) => {
    const measured = list.filter((r) => r !== undefined);
    const won = measured.filter((r) => r.median >= 1).length;
    const mean = geometricMean(measured).toFixed(2);
    return `Against ${what}: geometric mean of the ratios ${mean}; ahead in ${won} of ${measured.length} cells.`;
  };
  return {
    title: 'Patterns per second: gradpool (backend auto, default workers) and the fastest peer on one or two threads',
    head: [
      'cell',
      'gradpool',
      'fastest peer',
      'its patterns/s',
      'ratio',
      'over the rounds',
      'fastest tuned',
      'ratio to it',
    ],
    rows,
    remarks: [
      ...(ratios.usual.some(Boolean) ? [remark('the fastest peer', ratios.usual)] : []),
      ...(ratios.tuned.some(Boolean) ? [remark('the fastest tuned one', ratios.tuned)] : []),
    ],
  };
}

function isTuned({ peer }) {
  return peer.endsWith('-tuned');
}

/** gradpool without a BLAS against what runs in Node too, and against PyTorch. */
function againstJavaScript({ all, keys, languages }) {
  const columns = { javascript: [], fit: [], pytorch: [] };
  const rows = [];
  for (const key of keys) {
    const ours = find(all, 'gradpool-wasm', key);
    if (!ours) continue;
    const fastest = best(all, (f) => f.cell === key && languages.get(f.peer) === 'javascript');
    const javascript = ratio(ours, fastest);
    const fit = ratio(ours, find(all, 'tfjs-wasm-fit', key, 1));
    const pytorch = ratio(
      ours,
      best(all, (f) => f.cell === key && f.peer === 'pytorch'),
    );
    columns.javascript.push(javascript);
    columns.fit.push(fit);
    columns.pytorch.push(pytorch);
    rows.push([key, rate(ours), fastest ? named(fastest) : NONE, ...[javascript, fit, pytorch].map(times)]);
  }
  const means = Object.values(columns).map((ratios) => times({ median: geometricMean(ratios) }));
  if (rows.length > 0) rows.push(['geometric mean', '', '', ...means]);
  return {
    title: 'gradpool (backend wasm, default workers) against libraries in JavaScript, and against PyTorch',
    head: ['cell', 'gradpool-wasm', 'fastest in JavaScript', 'ratio to it', 'to tfjs model.fit', 'to PyTorch'],
    rows,
    remarks: [],
  };
}

/** Everyone's best number of threads. */
function bestOfEach({ all, keys }, peers) {
  const shown = peers.filter(({ name }) => all.some(({ peer }) => peer === name));
  const rows = keys.map((key) => [
    key,
    ...shown.map(({ name }) => {
      const top = best(all, (f) => f.cell === key && f.peer === name);
      return top && top.threads !== 1 ? `${rate(top)} (${top.threads})` : rate(top);
    }),
  ]);
  return {
    title: 'Patterns per second of each; in brackets with how many threads, where one is not the fastest',
    head: ['cell', ...shown.map(({ name }) => name)],
    rows: shown.length > 0 ? rows : [],
    remarks: [],
  };
}

/** Peak resident memory of the whole process in the largest cell. */
function memory({ all }) {
  const inCell = all.filter(({ cell }) => cell === LARGEST).sort((a, b) => a.peakRss - b.peakRss);
  return {
    title: `Peak memory of the process at ${LARGEST}, data (26 MB) and interpreter included`,
    head: ['', 'MB'],
    rows: inCell.map((figure) => [named(figure), (figure.peakRss / 1e6).toFixed(0)]),
    remarks: [],
  };
}

function find(all, peer, cell, threads = 'default') {
  return all.find((f) => f.peer === peer && f.cell === cell && f.threads === threads);
}

/** @param {Figure} figure */
function named({ peer, threads }) {
  return threads === 1 ? peer : `${peer} (${threads})`;
}

/** @param {Figure | undefined} figure */
function rate(figure) {
  return figure ? count(figure.median) : NONE;
}

function times(r) {
  return r && !Number.isNaN(r.median) ? threeDigits(r.median) : NONE;
}

function range(r) {
  return r ? `${threeDigits(r.low)} to ${threeDigits(r.high)}` : NONE;
}
