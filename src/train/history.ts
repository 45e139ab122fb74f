import type { EpochReport } from './report.ts';

/**
 * An epoch's report as one line of JSON with its line feed, for a history in which each line is an epoch (JSON Lines). Numbers that
 * are not finite become null there.
 *
 * @example
 * await trainer.fit(train, { epochs: 20, onEpoch: (report) => appendFile('history.jsonl', historyLine(report)) });
 */
export function historyLine(report: EpochReport): string {
  return `${JSON.stringify(report)}\n`;
}

/** The figures of an epoch that a curve is drawn of, by name. */
export function scalarsOf({
  loss,
  accuracy,
  validation,
  samplesPerSecond,
  learningRate,
  batchSize,
}: EpochReport): Record<string, number> {
  return {
    loss,
    ...(accuracy !== undefined && { accuracy }),
    ...(validation && { 'validation/loss': validation.loss }),
    ...(validation?.accuracy !== undefined && { 'validation/accuracy': validation.accuracy }),
    ...Object.fromEntries(
      Object.entries(validation?.metrics ?? {}).map(([name, value]) => [`validation/${name}`, value]),
    ),
    samplesPerSecond,
    learningRate,
    batchSize,
  };
}
