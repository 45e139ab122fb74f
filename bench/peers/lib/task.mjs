// The child's side of a measurement: its task comes as JSON in the first argument, its result goes out as one line.

/**
 * @typedef {object} Task
 * @property {readonly number[]} widths
 * @property {number} batch
 * @property {number | 'default'} threads
 * @property {number} seconds - how long to measure
 * @property {number} rate - learning rate
 * @property {number} seed
 * @property {string | undefined} strategy - gradpool's
 * @property {string} variant - which of a child's ways to train
 * @property {{ inputs: string, classes: string }} files
 *
 * @typedef {object} Result
 * @property {number} patternsPerSecond
 * @property {number} peakRss - bytes
 * @property {string} version
 * @property {{ lossBefore?: number, lossAfter?: number, updates?: number }} detail
 */

/**
 * Runs the child: prints what `measure` returns, or why it cannot run.
 * @param {(task: Task) => Promise<Omit<Result, 'peakRss'>>} measure
 */
export async function serve(measure) {
  const task = JSON.parse(process.argv[2]);
  let line;
  try {
    const result = await measure(task);
    line = { ...result, peakRss: process.resourceUsage().maxRSS * 1024 };
  } catch (error) {
    const missing = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND', 'ERR_BACKEND_UNAVAILABLE'];
    if (!missing.includes(error.code)) throw error;
    line = { unavailable: error.message.split('\n')[0] };
  }
  // Some libraries leave threads or timers behind.
  process.stdout.write(`${JSON.stringify(line)}\n`, () => process.exit(0));
}
