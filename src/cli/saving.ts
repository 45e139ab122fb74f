import { GradpoolError } from '../core/errors.ts';
import { hasCheckpoint } from '../formats/checkpoint-folder.ts';
import type { Network } from '../nn/network.ts';
import type { CheckpointExtra, CheckpointOptions } from '../train/checkpoint-options.ts';
import type { TrainerOptions } from '../train/options.ts';
import { Trainer } from '../train/trainer.ts';
import { UsageError } from './failure.ts';
import type { Output } from './output.ts';

/** Where a training is saved and from where it goes on, as it stands on the command line. */
export interface SavingFlags {
  checkpoint?: string;
  /** Updates, or minutes as in '5m'. */
  checkpointEvery?: number | string;
  resume?: string;
  /** What each checkpoint keeps for the program. */
  record?: CheckpointExtra;
}

/** @throws UsageError, before any work */
export function checkSaving({ checkpoint, checkpointEvery, resume }: SavingFlags): void {
  if (checkpoint !== undefined && resume !== undefined && checkpoint !== resume)
    throw new UsageError('--checkpoint and --resume expected the same folder: training is saved where it goes on from');
  if (checkpoint !== undefined && resume === undefined && hasCheckpoint(checkpoint))
    throw new UsageError(
      `--checkpoint expected a folder for this training alone, but ${checkpoint} has checkpoints: go on with --resume ${quoted(checkpoint)}, or name another`,
    );
  if (checkpointEvery !== undefined && checkpoint === undefined && resume === undefined)
    throw new UsageError('--checkpoint-every expected --checkpoint or --resume beside it');
}

/** What `fit` is to be told. */
export function checkpointOptions({
  checkpoint,
  checkpointEvery: every,
  resume,
  record,
}: SavingFlags): CheckpointOptions | undefined {
  const directory = checkpoint ?? resume;
  if (directory === undefined) return undefined;
  const kept = record && { extra: () => record };
  return typeof every === 'string'
    ? { directory, everyMinutes: Number(every.slice(0, -'m'.length)), ...kept }
    : { directory, everyUpdates: every, ...kept };
}

/** A trainer that goes on where the last one was, if there is a checkpoint to go on from. */
export async function startTrainer(
  network: Network,
  options: TrainerOptions,
  { resume, epochs }: SavingFlags & { epochs: number },
  output: Output,
): Promise<Trainer> {
  if (resume === undefined) return Trainer.create(network, options);
  const trainer = await Trainer.resume(resume, { ...options, network });
  if (trainer === undefined) {
    output.note(`there is no checkpoint in ${resume} yet: training begins`);
    return Trainer.create(network, options);
  }
  const { path, updates, history } = trainer.resumed!;
  output.note(`goes on from ${path}: after ${history.length} epochs, ${updates} updates`);
  if (history.length >= epochs) output.note(`--epochs ${epochs} are trained already: give more to train on`);
  output.event('resume', { checkpoint: path, epochs: history.length, updates });
  return trainer;
}

/** After an interruption: what is to be typed to go on. */
export function tellHowToResume({ checkpoint, resume }: SavingFlags, error: unknown, output: Output): void {
  const directory = checkpoint ?? resume;
  if (directory === undefined || !(error instanceof GradpoolError) || error.code !== 'ERR_ABORTED') return;
  if (!hasCheckpoint(directory)) {
    output.note(`nothing is saved in ${directory} yet`);
    return;
  }
  const args = process.argv.slice(2);
  const again = args.some((arg) => arg === '--resume' || arg.startsWith('--resume='))
    ? args
    : [...args, '--resume', directory];
  const command = `${process.env.npm_command === 'exec' ? 'npx ' : ''}gradpool ${again.map(quoted).join(' ')}`;
  output.note(`to go on: ${command}`);
  output.event('interrupted', { checkpoints: directory, command });
}

/** As a POSIX shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
