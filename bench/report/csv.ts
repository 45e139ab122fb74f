import type { CapacityData, CurveData, ScalingData } from './kinds.ts';
import { seriesName } from './scaling-figures.ts';

type Field = string | number | null;

/** Every sample of a batch-size curve: of each round, and of each seed. */
export function curveCsv({ points, target }: CurveData): string {
  const rounds = points.flatMap(({ workers, batchSize, samples }) =>
    samples.map((value, i): Field[] => ['seconds per update', workers, batchSize, i + 1, value]),
  );
  const seeds = (target?.batchSizes ?? []).flatMap(({ batchSize, updates }) =>
    updates.map((value, i): Field[] => ['updates to target', null, batchSize, i + 1, value]),
  );
  return csv([['quantity', 'workers', 'batch size', 'round or seed', 'value'], ...rounds, ...seeds]);
}

/** The time per update of every round. */
export function scalingCsv({ points }: ScalingData): string {
  const rounds = points.flatMap((point) =>
    point.samples.map((value, i): Field[] => [seriesName(point), point.workers, point.batchSize, i + 1, value]),
  );
  return csv([['series', 'workers', 'batch size', 'round', 'seconds per update'], ...rounds]);
}

/** Every training. */
export function capacityCsv({ points }: CapacityData): string {
  const runs = points.flatMap(({ axis, width, depth, parameters, runs: own }) =>
    own.map((run): Field[] => [
      axis,
      width,
      depth,
      parameters,
      run.seed,
      run.training,
      run.validation,
      run.test,
      run.epochs,
      run.seconds,
    ]),
  );
  const head = 'axis,width,depth,parameters,seed,training,validation,test,epochs,seconds'.split(',');
  return csv([head, ...runs]);
}

/** As RFC 4180 has it; null is an empty field. */
function csv(rows: readonly (readonly Field[])[]): string {
  return rows.map((row) => `${row.map(quoted).join(',')}\r\n`).join('');
}

function quoted(field: Field): string {
  const text = String(field ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}
