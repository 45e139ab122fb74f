import pc from 'picocolors';
import type { Interval } from '../src/index.ts';
import { median } from '../src/lab/statistics.ts';
import type { Form, Forms } from './descent.ts';
import { count, duration, table } from './output.ts';

/** The tables, and what they say of what is taught about the three forms. */
export function describeForms(measured: Forms): string {
  const { problem, network, patterns, targetLoss, seeds } = measured;
  return [
    pc.bold(`${problem}, ${patterns} patterns, network ${network}`),
    costTable(measured),
    `Target: a loss of ${targetLoss.toPrecision(3)}, that of B = 64 after the reference epochs; ${seeds} seeds; the best of ` +
      `${measured.forms[0]!.target.tried.length} learning rates for each form.`,
    noiseTable(measured),
    ...claims(measured),
  ].join('\n');
}

function costTable({ forms, cores, seeds }: Forms): string {
  return table(
    [
      'form',
      'B',
      'workers',
      'per update',
      'per epoch',
      'patterns/s',
      `speed-up on ${cores}`,
      'learning rate',
      'updates to target',
      'time to target',
      '95% interval',
      'arrived',
      'memory',
      'rows',
      'unblocked',
    ],
    forms.map(({ target, timeToTarget, memory, ...form }) => [
      form.name,
      form.batchSize,
      form.workers,
      duration(form.timePerUpdate.median),
      duration(form.timePerEpoch.median),
      count(form.samplesPerSecond.median),
      form.speedup.median.toFixed(2),
      target.learningRate.toPrecision(2),
      ended(median(target.updates.map((found) => found ?? Infinity)), (updates) => updates.toFixed(0)),
      ended(timeToTarget.median, duration),
      `${ended(timeToTarget.low, duration)} to ${ended(timeToTarget.high, duration)}`,
      `${target.arrived} of ${seeds}`,
      megabytes(memory.bytes),
      memory.rows,
      megabytes(memory.wholeBatch),
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
  const epochs = forms.map(({ timePerEpoch }) => timePerEpoch.median);
  const quickest = forms[epochs.indexOf(Math.min(...epochs))]!;
  const times = forms.map(({ timeToTarget }) => timeToTarget.median);
  const best = forms[times.indexOf(Math.min(...times))]!;
  const arrives = Number.isFinite(best.timeToTarget.median);
  const says = (claim: string, found: string) => `- ${claim}: ${found}.`;
  const against = (form: Form) =>
    form === best
      ? 'it is the first at the target'
      : Number.isFinite(form.timeToTarget.median)
        ? `it takes ${ratio(form.timeToTarget, best.timeToTarget)} times as long to the target as B = ${best.batchSize}`
        : 'it does not get to the target in the time it was given';
  return [
    says(
      'Stochastic is fast',
      `an update is, ${duration(one.timePerUpdate.median)} against ${duration(whole.timePerUpdate.median)} of batch; an epoch takes ` +
        `${ratio(one.timePerEpoch, quickest.timePerEpoch)} times as long as with B = ${quickest.batchSize}` +
        (arrives ? `; ${against(one)}` : ''),
    ),
    says(
      'Its gradients are noisy, those of batch accurate',
      `the cosine to the gradient of all patterns is ${one.noise.start.cosine.mean.toFixed(2)} at the start and ` +
        `${one.noise.trained.cosine.mean.toFixed(2)} half way with B = 1, ${whole.noise.trained.cosine.mean.toFixed(2)} with B = P`,
    ),
    says(
      'Stochastic converges unstably, batch stably',
      [one, whole].map((form) => `with B = ${form.batchSize} ${stability(form)}`).join('; '),
    ),
    says('Batch is slow', arrives ? against(whole) : 'nobody got to the target'),
    ...(cores > 1
      ? [
          says(
            'Batch cannot be parallelised',
            `${cores} workers train ${whole.speedup.median.toFixed(2)} (${whole.speedup.low.toFixed(2)} to ${whole.speedup.high.toFixed(2)}) times as fast as one with B = P, ` +
              `${one.speedup.median.toFixed(2)} times with B = 1: ${whole.speedup.low > Math.max(1, one.speedup.high) ? 'the other way round' : whole.speedup.low > 1 ? 'it can' : 'not shown to be wrong here'}`,
          ),
        ]
      : []),
    says(
      'Batch needs much memory',
      `${megabytes(whole.memory.bytes)} against ${megabytes(one.memory.bytes)} with B = 1, because at most ${whole.memory.rows} rows are in work; ` +
        `${megabytes(whole.memory.wholeBatch)} if the whole batch were`,
    ),
    ...(arrives
      ? [pc.bold(says('Mini-batches are the compromise', `first at the target is ${best.name}, B = ${best.batchSize}`))]
      : []),
  ];
}

/** How many learning rates arrive with all seeds, and how far the seeds are apart at the best of them. */
function stability({ target }: Form): string {
  const { tried, updates } = target;
  const sure = tried.filter((rate) => rate.updates.every((found) => found !== null)).length;
  const found = updates.filter((one) => one !== null);
  const spread =
    found.length > 1
      ? `, the slowest seed of the best rate needs ${(Math.max(...found) / Math.min(...found)).toFixed(2)} times the updates of the fastest`
      : '';
  return `${sure} of ${tried.length} learning rates arrive with every seed${spread}`;
}

function ratio(a: Interval, b: Interval): string {
  return (a.median / b.median).toPrecision(2);
}

function ended(value: number, show: (value: number) => string): string {
  return Number.isFinite(value) ? show(value) : 'never';
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toPrecision(3)} MB`;
}
