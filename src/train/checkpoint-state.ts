// What a checkpoint says beside its vectors, as one object; and how it is read from a file that nobody vouches for.
import { finite, flag, integer, oneOf, text, wrongType } from '../core/checks.ts';
import { type Bad, orBad } from '../formats/bad-file.ts';
import type { JsonInput } from '../formats/plain-json.ts';
import { isObject, type JsonObject } from '../formats/strict-json.ts';
import { PHASES } from '../memory/control.ts';
import type { ControlState } from './batch-control.ts';
import type { StoppingState } from './early-stopping.ts';
import type { EpochSoFar } from './epoch.ts';
import type { Fingerprint } from './fingerprint.ts';
import type { NumericOptions, TrainerOptions } from './options.ts';
import { ADAPTIVE_RULES } from './rate-rule.ts';
import type { AdaptiveChoice, BatchSizeChoice, EpochReport } from './report.ts';
import type { PlateauState } from './schedule.ts';

/** How a trainer was made. */
export interface Settings {
  /** As they were given. */
  readonly options: TrainerOptions;
  /** What was decided and has to stay: a batch size, a backend, and where the bits depend on them the workers. */
  readonly decided: { readonly batchSize: number } & Pick<NumericOptions, 'backend' | 'strategy' | 'workers'>;
  readonly choice?: BatchSizeChoice | undefined;
  readonly adaptive?: AdaptiveChoice | undefined;
  /** What follows from the machine and decides the bits, too. */
  readonly machine: Readonly<Record<string, string | number>>;
}

/** All that a training needs to go on as if it had never stopped, apart from vectors as long as the parameters. */
export interface CheckpointState {
  readonly settings: Settings;
  /** Updates that the weights have been through since they were set. */
  readonly count: number;
  /** Epochs that the trainer has finished: which shuffle comes next. */
  readonly stream: number;
  /** Of the call of `fit` or `epochs`: its finished epochs, and how far the one under way has got. */
  readonly history: EpochReport[];
  readonly current?: EpochSoFar | undefined;
  /** That a callback has set for the epochs to come. */
  readonly learningRate?: number | undefined;
  readonly stopping?: StoppingState | undefined;
  readonly plateau?: PlateauState | undefined;
  readonly control?: ControlState | undefined;
  readonly train: Fingerprint;
  readonly validation?: Fingerprint | undefined;
  /** What the program keeps for itself. */
  readonly extra?: JsonInput | undefined;
}

/** @throws GradpoolError ERR_BAD_FILE naming what is not as it should be */
export function readState(bad: Bad, state: JsonObject): CheckpointState {
  return orBad(bad, () => {
    const { settings, count, stream, history, current, learningRate, stopping } = state;
    const { plateau, control, train, validation, extra } = state;
    const fingerprint = readFingerprint('train', train);
    return {
      settings: readSettings(settings),
      count: integer('count', count, 1),
      stream: integer('stream', stream, 0),
      history: list('history', history).map((report, i) => readReport(`history[${i}]`, report, i)),
      current: current === undefined ? undefined : readSoFar(current, fingerprint.rows),
      learningRate: learningRate === undefined ? undefined : finite('learningRate', learningRate, 0),
      stopping: stopping === undefined ? undefined : readStopping(stopping, history),
      plateau: plateau === undefined ? undefined : readPlateau(plateau),
      control: control === undefined ? undefined : readControl(control),
      train: fingerprint,
      validation: validation === undefined ? undefined : readFingerprint('validation', validation),
      extra: extra as JsonInput | undefined,
    };
  });
}

function record(name: string, value: unknown): JsonObject {
  if (!isObject(value)) throw wrongType(name, 'object', value);
  return value;
}

function list(name: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw wrongType(name, 'list', value);
  return value;
}

/** Any number, NaN and Infinity too. */
function number(name: string, value: unknown): number {
  if (typeof value !== 'number') throw wrongType(name, 'number', value);
  return value;
}

function readSettings(value: unknown): Settings {
  const { options, decided, choice, adaptive, machine } = record('settings', value);
  const fixed = record('settings.decided', decided);
  const known = record('settings.machine', machine);
  for (const [key, entry] of Object.entries(known))
    if (typeof entry !== 'string' && typeof entry !== 'number')
      throw wrongType(`settings.machine.${key}`, 'string or number', entry);
  // The options themselves are checked as any others are.
  return {
    options: record('settings.options', options),
    decided: { ...fixed, batchSize: integer('settings.decided.batchSize', fixed.batchSize, 1) },
    choice: choice === undefined ? undefined : readChoice(choice),
    adaptive: adaptive === undefined ? undefined : readAdaptive(adaptive),
    machine: known as Settings['machine'],
  };
}

function readChoice(value: unknown): BatchSizeChoice {
  const { batchSize, why, measured } = record('settings.choice', value);
  return {
    batchSize: integer('settings.choice.batchSize', batchSize, 1),
    why: text('settings.choice.why', why),
    measured: list('settings.choice.measured', measured).map((one) => {
      const { batchSize: B, secondsPerRow } = record('settings.choice.measured', one);
      return { batchSize: integer('batchSize', B, 1), secondsPerRow: finite('secondsPerRow', secondsPerRow, 0) };
    }),
  };
}

function readAdaptive(value: unknown): AdaptiveChoice {
  const { least, most, referenceBatchSize, rule, costs, measured } = record('settings.adaptive', value);
  const sizes = list('settings.adaptive.costs', costs).map((one) => {
    const { batchSize, seconds } = record('settings.adaptive.costs', one);
    return { batchSize: integer('batchSize', batchSize, 1), seconds: finite('seconds', seconds, 0) };
  });
  integer('settings.adaptive.costs.length', sizes.length, 1);
  return {
    least: integer('settings.adaptive.least', least, 1),
    most: integer('settings.adaptive.most', most, 1),
    referenceBatchSize: integer('settings.adaptive.referenceBatchSize', referenceBatchSize, 1),
    rule: oneOf('settings.adaptive.rule', rule, ADAPTIVE_RULES),
    costs: sizes,
    measured: flag('settings.adaptive.measured', measured),
  };
}

/** What later work relies on is checked; the rest is only shown. */
function readReport(name: string, value: unknown, index: number): EpochReport {
  const report = record(name, value);
  integer(`${name}.epoch`, report.epoch, index + 1, index + 1);
  integer(`${name}.updates`, report.updates, 0);
  number(`${name}.loss`, report.loss);
  if (report.validation !== undefined)
    number(`${name}.validation.loss`, record(`${name}.validation`, report.validation).loss);
  return report as unknown as EpochReport;
}

function readSoFar(value: unknown, rows: number): EpochSoFar {
  const { updates, samples, sums, workers, steps, learningRate, waiting } = record('current', value);
  const { seconds, loss, right, ofWorkers, phases, coordinator } = record('current.sums', sums);
  const { losses, rights } = record('current.sums.ofWorkers', ofWorkers);
  const numbers = (name: string, values: unknown) => list(name, values).map((one) => number(name, one));
  const phasesOf = (one: unknown) => {
    const times = record('current.sums.phases', one);
    for (const phase of PHASES) number(`current.sums.phases.${phase}`, times[phase]);
    return times as EpochSoFar['sums']['phases'][number];
  };
  return {
    updates: integer('current.updates', updates, 0),
    samples: integer('current.samples', samples, 0, rows),
    workers: integer('current.workers', workers, 1),
    learningRate: learningRate === undefined ? undefined : finite('current.learningRate', learningRate, 0),
    waiting: waiting === undefined ? undefined : finite('current.waiting', waiting, 0),
    steps: list('current.steps', steps).map((step) => record('current.steps', step)) as unknown as EpochSoFar['steps'],
    sums: {
      seconds: finite('current.sums.seconds', seconds, 0),
      loss: number('current.sums.loss', loss),
      right: number('current.sums.right', right),
      ofWorkers: {
        losses: numbers('current.sums.ofWorkers.losses', losses),
        rights: numbers('current.sums.ofWorkers.rights', rights),
      },
      phases: list('current.sums.phases', phases).map(phasesOf),
      coordinator: coordinator === undefined ? undefined : phasesOf(coordinator),
    },
  };
}

function readStopping(value: unknown, history: unknown): StoppingState {
  const { monitor, epoch, value: best } = record('stopping', value);
  return {
    monitor: text('stopping.monitor', monitor) as StoppingState['monitor'],
    epoch: integer('stopping.epoch', epoch, 1, list('history', history).length),
    value: number('stopping.value', best),
  };
}

function readPlateau(value: unknown): PlateauState {
  const { rate, best, bad } = record('plateau', value);
  return {
    rate: finite('plateau.rate', rate, 0),
    best: number('plateau.best', best),
    bad: integer('plateau.bad', bad, 0),
  };
}

function readControl(value: unknown): ControlState {
  const { batchSize, learningRate, noiseScale, noise, gradient, rows, next, measurements } = record('control', value);
  return {
    batchSize: integer('control.batchSize', batchSize, 1),
    learningRate: finite('control.learningRate', learningRate, 0),
    noiseScale: noiseScale === undefined ? undefined : number('control.noiseScale', noiseScale),
    noise: number('control.noise', noise),
    gradient: number('control.gradient', gradient),
    rows: integer('control.rows', rows, 0),
    next: finite('control.next', next, 0),
    measurements: integer('control.measurements', measurements, 0),
  };
}

function readFingerprint(name: string, value: unknown): Fingerprint {
  const { rows, read, inputs, inputType, targets, digest } = record(name, value);
  return {
    rows: integer(`${name}.rows`, rows, 1),
    inputs: integer(`${name}.inputs`, inputs, 1),
    read: text(`${name}.read`, read),
    inputType: text(`${name}.inputType`, inputType),
    targets: text(`${name}.targets`, targets),
    digest: text(`${name}.digest`, digest),
  };
}
