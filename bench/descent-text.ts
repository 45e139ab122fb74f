import pc from 'picocolors';
import type { Interval } from '../src/index.ts';
import { median } from '../src/lab/statistics.ts';
import type { Form, Forms } from './descent.ts';
import { count, duration, table } from '../src/cli/text.ts';

/** The tables, and what they say of what is taught about the three forms. */
export function describeForms(measured: Forms): string {
  const { problem, network, patterns, targetLoss, seeds, forms } = measured;
  return [
    pc.bold(`${problem}, ${patterns} patterns, network ${network}`),
    costTable(measured),
    targetTable(measured),
    `Target: a loss of ${targetLoss.toPrecision(3)} on other patterns, which B = 64 reaches in a few epochs; medians of ${seeds} seeds at ` +
      `the best of ${forms[0]!.target.tried.length} learning rates for each form.`,
    noiseTable(measured),
    ...claims(measured),
  ].join('\n');
}

function costTable({ forms, cores }: Forms): string {
  return table(
    [
      'form',
      'B',
      'workers',
      'per update',
      'per epoch',
      'patterns/s',
      `speed-up on ${cores}`,
      'rows in work',
      'MB',
      'MB without blocks',
    ],
    forms.map(({ memory, ...form }) => [
      form.name,
      form.batchSize,
      form.workers,
      duration(form.timePerUpdate.median),
      duration(form.timePerEpoch.median),
      count(form.samplesPerSecond.median),
      form.speedup.median.toPrecision(2),
      memory.rows,
      megabytes(memory.bytes),
      megabytes(memory.wholeBatch),
    ]),
  );
}

function targetTable({ forms, seeds }: Forms): string {
  return table(
    [
      'form',
      'B',
      'learning rate',
      'updates to target',
      'time to target',
      '95% interval',
      'seeds arrived',
      'rates all arrived',
    ],
    forms.map(({ target, timeToTarget, ...form }) => [
      form.name,
      form.batchSize,
      target.learningRate.toPrecision(2),
      ended(median(target.updates.map((found) => found ?? Infinity)), (updates) => updates.toFixed(0)),
      ended(timeToTarget.median, duration),
      `${ended(timeToTarget.low, duration)} to ${ended(timeToTarget.high, duration)}`,
      `${target.arrived} of ${seeds}`,
      `${sureRates(target)} of ${target.tried.length}`,
    ]),
  );
}

function noiseTable({ forms, noise }: Forms): string {
  const scale = (at: 'start' | 'trained') => noise[at].noiseScale.noiseScale.toFixed(0);
  return [
    table(
      ['B', 'cosine at the start', 'theory', 'noise', 'theory', 'cosine half way', 'theory', 'noise', 'theory'],
      forms.map(({ batchSize, noise: own }) => [
        batchSize,
        ...[own.start, own.trained].flatMap(({ cosine, noise: measured, predicted }) => [
          `${cosine.mean.toFixed(3)} ± ${cosine.error.toFixed(3)}`,
          predicted.cosine.toFixed(3),
          measured.mean.toFixed(3),
          predicted.noise.toFixed(3),
        ]),
      ]),
    ),
    `Cosine: of the angle between the gradient g of a batch and that of all patterns, G; noise: |g - G|² / |G|². ` +
      `Noise scale: ${scale('start')} rows at the start, ${scale('trained')} half way to the target.`,
  ].join('\n');
}

/** What is taught, and what was measured here. */
function claims({ forms, cores }: Forms): string[] {
  const [one, whole] = [forms[0]!, forms.at(-1)!];
  const quickest = least(forms, ({ timePerEpoch }) => timePerEpoch.median);
  const best = least(forms, ({ timeToTarget }) => timeToTarget.median);
  const cosine = (form: Form, at: 'start' | 'trained') => form.noise[at].cosine.mean.toFixed(2);
  const claim = (taught: string, found: string) => `- ${taught}: ${found}.`;
  return [
    claim(
      'Stochastic is fast',
      `an update takes ${duration(one.timePerUpdate.median)} against ${duration(whole.timePerUpdate.median)} of batch, but an epoch ` +
        `${ratio(one.timePerEpoch, quickest.timePerEpoch)} times as long as with B = ${quickest.batchSize}; ${arrival(one, best)}`,
    ),
    claim(
      'Its gradients are noisy, those of batch accurate',
      `the cosine to the gradient of all patterns is ${cosine(one, 'start')} at the start and ${cosine(one, 'trained')} half way with ` +
        `B = 1, ${cosine(whole, 'trained')} with B = P`,
    ),
    claim(
      'Stochastic converges unstably, batch stably',
      [one, whole].map((form) => `with B = ${form.batchSize}, ${stability(form)}`).join('; '),
    ),
    claim('Batch is slow', arrival(whole, best)),
    ...(cores > 1 ? [claim('Batch cannot be parallelised', parallel(one, whole, cores))] : []),
    claim(
      'Batch needs much memory',
      `${megabytes(whole.memory.bytes)} MB against ${megabytes(one.memory.bytes)} MB with B = 1, because a worker has at most ` +
        `${whole.memory.rows} rows in work; ${megabytes(whole.memory.wholeBatch)} MB if they were not worked on in blocks`,
    ),
    claim(
      'Mini-batches are the compromise',
      best.name === 'mini-batch'
        ? `they are first at the target, with B = ${best.batchSize}`
        : `not here; ${arrival(best, best)}`,
    ),
  ];
}

function least(forms: readonly Form[], of: (form: Form) => number): Form {
  return forms.reduce((a, b) => (of(b) < of(a) ? b : a));
}

function arrival(form: Form, best: Form): string {
  if (!Number.isFinite(form.timeToTarget.median)) return 'it does not get to the target in the time that it was given';
  if (form === best) return `B = ${form.batchSize} is first at the target`;
  return `it takes ${ratio(form.timeToTarget, best.timeToTarget)} times as long to the target as B = ${best.batchSize}`;
}

function parallel(one: Form, whole: Form, cores: number): string {
  const { low, median: middle, high } = whole.speedup;
  const verdict =
    low > Math.max(1, one.speedup.high) ? 'the other way round' : low > 1 ? 'it can' : 'not shown to be wrong here';
  return (
    `${cores} workers train ${middle.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)}) times as fast as one with B = P, ` +
    `${one.speedup.median.toPrecision(2)} times with B = 1: ${verdict}`
  );
}

/** How many learning rates arrive with all seeds, and how far the seeds are apart at the best of them. */
function stability({ target }: Form): string {
  const found = target.updates.filter((one) => one !== null);
  const spread = (Math.max(...found) / Math.min(...found)).toFixed(2);
  const more =
    found.length > 1 ? `, and at the best of them the slowest needs ${spread} times the updates of the fastest` : '';
  return `${sureRates(target)} of ${target.tried.length} learning rates arrive with every seed${more}`;
}

function sureRates({ tried }: Form['target']): number {
  return tried.filter(({ updates }) => updates.every((found) => found !== null)).length;
}

function ratio(a: Interval, b: Interval): string {
  return String(Number((a.median / b.median).toPrecision(2)));
}

function ended(value: number, show: (value: number) => string): string {
  return Number.isFinite(value) ? show(value) : 'never';
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toPrecision(3);
}
