// What the commands that measure have in common.
import { GradpoolError } from '../core/errors.ts';
import type { Activation } from '../core/spec.ts';
import type { BackendChoice } from '../kernels/kernels.ts';
import type { Network } from '../nn/network.ts';
import type { TrainerOptions } from '../train/options.ts';
import { UsageError } from './failure.ts';
import { type DataFlags, type LoadedData, loadData } from './load-data.ts';
import { type MadeUpFlags, makeUp, unitsOf } from './made-up.ts';
import type { Output } from './output.ts';
import { describeData } from './summary.ts';
import { makeNetwork, type StepFlags, stepOptions, type TrainFlags } from './train.ts';
import { prepareOutputs, writeWhole } from './text.ts';

/** The data, how weights step, and where the report goes, as they stand on the command line. */
export interface MeasureFlags
  extends
    Omit<DataFlags, 'validationShare' | 'testShare'>,
    Omit<MadeUpFlags, 'network' | 'validationShare' | 'testShare' | 'task' | 'seed'>,
    StepFlags {
  network?: string;
  activation: Activation;
  normalize: TrainFlags['normalize'];
  backend: BackendChoice;
  output?: string;
  config?: string;
}

type Shares = Pick<DataFlags, 'validationShare' | 'testShare'>;

/** The patterns of a file, or made-up ones. @throws UsageError; GradpoolError ERR_BAD_FILE, ERR_BAD_DATA */
export async function loadMeasured(
  path: string | undefined,
  flags: MeasureFlags & Partial<Shares>,
): Promise<{ name: string; data: LoadedData }> {
  const { network, output, labels, config, validationShare = 0, testShare = 0 } = flags;
  prepareOutputs({ output }, [path, labels, config]);
  const shares = { validationShare, testShare };
  if (path !== undefined && network === undefined)
    return { name: path, data: await loadData(path, { ...flags, ...shares }) };
  if (path !== undefined || network === undefined)
    throw new UsageError('expected a file, or --network for made-up patterns, and not both');
  return { name: 'made-up patterns', data: makeUp({ ...flags, ...shares, network }) };
}

/** The same with a network for them, whose hidden layers are those of the shape, or as they are given. @throws as `loadMeasured` */
export async function loadNetworkAndData(
  path: string | undefined,
  flags: MeasureFlags & Partial<Shares> & Pick<TrainFlags, 'hidden' | 'dropout' | 'initialisation'>,
  output: Output,
): Promise<{ network: Network; data: LoadedData }> {
  const { name, data } = await loadMeasured(path, flags);
  const hidden = flags.network === undefined ? flags.hidden : unitsOf(flags.network).slice(1, -1);
  const network = makeNetwork(data, { ...flags, hidden });
  output.note(describeData(name, data, network));
  output.remarks(data.notes);
  return { network, data };
}

/** What every trainer of a measurement gets. */
export function measuredTrainer(flags: MeasureFlags): Pick<TrainerOptions, keyof StepFlags | 'backend'> {
  return { ...stepOptions(flags), backend: flags.backend };
}

/** A step of a measurement. */
export interface Step {
  readonly done: number;
  readonly total: number;
}

/**
 * Shows how far a measurement is: a bar on a terminal, elsewhere a line at each tenth, with `--json` an object for each step.
 * @param describe - what a step was, in a few words
 */
export function progressOf<S extends Step>(output: Output, describe: (step: S) => string) {
  const bar = output.bar('measuring [{bar}] {percentage}% | {step} | {eta_formatted} left');
  let tenths = 0;
  return {
    onProgress: (step: S): void => {
      const { done, total } = step;
      output.event('progress', step);
      if (bar?.isActive) bar.update(done, { step: describe(step) });
      else if (bar) bar.start(total, done, { step: describe(step) });
      else if (Math.floor((10 * done) / total) > tenths) {
        tenths = Math.floor((10 * done) / total);
        output.note(`measuring: ${done} of ${total}`);
      }
    },
    stop: (): void => bar?.stop(),
  };
}

/**
 * Writes and shows a report.
 * @throws GradpoolError ERR_ABORTED after a report of what was complete when the measurement was ended
 */
export async function tellReport<R extends { readonly state: 'complete' | 'partial' }>(
  report: R,
  text: (report: R) => string,
  path: string | undefined,
  output: Output,
): Promise<void> {
  if (path !== undefined) {
    await writeWhole(path, `${JSON.stringify(report, null, 2)}\n`, 'output');
    output.note(`${path} written`);
  }
  output.text(text(report));
  output.event('report', report);
  if (report.state === 'partial') throw new GradpoolError('ERR_ABORTED', 'the measurement was ended early');
}
