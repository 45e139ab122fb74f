import { z } from 'zod';
import { compiledBars } from './bars-spec.ts';
import type { Figure, Row } from './figure.ts';
import { seconds } from '../../src/cli/numbers.ts';
import { inOrder } from './phases.ts';

/** An event of the Trace Event Format, as the option `trace` writes them; times in microseconds. */
const event = z.object({
  name: z.string(),
  ph: z.string(),
  tid: z.number().optional(),
  ts: z.number().optional(),
  dur: z.number().optional(),
  args: z.object({ name: z.string().optional(), update: z.number().optional() }).optional(),
});
const trace = z.union([z.array(event), z.object({ traceEvents: z.array(event) })]);

/** A phase of one worker in one update. */
export interface Piece {
  readonly party: string;
  readonly phase: string;
  readonly update: number;
  /** Seconds since the trace began. */
  readonly start: number;
  readonly end: number;
}

/**
 * The phases of the last updates of a trace that more workers logged than any other update: of short updates each worker
 * logs some only.
 * @param events - a list of events, or an object with `traceEvents`
 * @throws RangeError naming what is wrong
 */
export function lastUpdates(name: string, events: unknown, most = 8): Piece[] {
  const found = trace.safeParse(events);
  if (!found.success)
    throw new RangeError(`"${name}" expected a trace: a list of events, or an object with "traceEvents"`);
  const all = Array.isArray(found.data) ? found.data : found.data.traceEvents;
  const names = new Map(all.filter((one) => one.name === 'thread_name').map(({ tid, args }) => [tid, args?.name]));
  const pieces = all.flatMap(({ name: phase, ph, tid, ts, dur, args }): Piece[] =>
    ph === 'X' && ts !== undefined && dur !== undefined && args?.update !== undefined
      ? [
          {
            party: names.get(tid) ?? `thread ${tid ?? '?'}`,
            phase,
            update: args.update,
            start: ts / 1e6,
            end: (ts + dur) / 1e6,
          },
        ]
      : [],
  );
  if (pieces.length === 0) throw new RangeError(`"${name}" expected events of updates, got none`);
  const parties = new Map<number, Set<string>>();
  for (const { update, party } of pieces) parties.set(update, (parties.get(update) ?? new Set()).add(party));
  const fullest = Math.max(...[...parties.values()].map((set) => set.size));
  const full = [...parties].filter(([, set]) => set.size === fullest).map(([update]) => update);
  const last = new Set(full.sort((a, b) => a - b).slice(-most));
  return pieces.filter(({ update }) => last.has(update));
}

/** Who did what when: a row for each worker. */
export function timelineFigure(pieces: readonly Piece[]): Figure {
  const phases = inOrder(pieces.map(({ phase }) => phase));
  const updates = [...new Set(pieces.map(({ update }) => update))].sort((a, b) => a - b);
  const counts = [...new Set([updates.length, Math.min(3, updates.length), 1])];
  const rows = counts.map((count) => laidOut(pieces, updates.slice(-count), `last ${count}`));
  const parties = [...new Set(pieces.map(({ party }) => party))];
  return {
    id: 'timeline',
    title: 'Timeline',
    quantities: counts.map((count) => ({
      key: `last ${count}`,
      label: count === 1 ? 'Last update' : `Last ${count} updates`,
      unit: 's',
      summary: `Phases of ${parties.join(', ')} in ${count === 1 ? 'the last update' : `the last ${count} updates`}, one after the other.`,
    })),
    quantitiesAre: 'Updates',
    series: phases,
    seriesAre: 'Phases',
    swatch: 'bar',
    variants: [{ key: 'linear', label: 'Linear', spec: compiledBars(phases, 'time') }],
    rows: { points: rows.flatMap(({ bars }) => bars), lanes: rows.flatMap(({ lanes }) => lanes) },
    caption:
      'Dashed lines: where an update begins, with its number. Of short updates some only are timed; the time between those that are shown is left out.',
  };
}

/** Updates one after the other. Where some are missing between two, what was between them is cut out. */
function laidOut(
  pieces: readonly Piece[],
  updates: readonly number[],
  quantity: string,
): { bars: Row[]; lanes: Row[] } {
  const [bars, lanes]: [Row[], Row[]] = [[], []];
  let [origin, end, before] = [0, 0, NaN];
  for (const update of updates) {
    const own = pieces.filter((piece) => piece.update === update);
    const start = Math.min(...own.map((piece) => piece.start));
    const length = Math.max(...own.map((piece) => piece.end)) - start;
    // Workers may begin an update before others have left the last.
    if (update !== before + 1) origin = start - (end + (end > 0 ? 0.1 * length : 0));
    lanes.push({ quantity, x: start - origin, label: String(update), top: -16, text: -9 });
    for (const { party, phase, start: from, end: to } of own) {
      const tip = `${party}, update ${update}\n${phase}: ${seconds(to - from)}`;
      bars.push({ quantity, series: phase, bar: party, from: from - origin, to: to - origin, tip });
    }
    end = start - origin + length;
    before = update;
  }
  return { bars, lanes };
}
