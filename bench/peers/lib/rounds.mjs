// All measurements, in rounds, in a random order in each: what slows the machine for a while meets everyone.
import { loadavg } from 'node:os';
import { measureInChild } from './child.mjs';
import { count } from './format.mjs';
import { random, shuffle } from './random.mjs';

/** Small enough for one pattern at a time not to diverge; speed does not depend on it. */
const rateFor = (batch) => (batch === 1 ? 0.005 : 0.05);

/**
 * @typedef {import('./catalogue.mjs').Peer} Peer
 * @typedef {import('./cells.mjs').Cell} Cell
 * @typedef {{ peer: string, cell: string, threads: number | 'default' }} Which
 * @typedef {Which & import('./task.mjs').Result & { round: number, load: number }} Sample
 * @typedef {object} Measurements
 * @property {Sample[]} samples
 * @property {(Which & { round: number, reason: string })[]} excluded - measured, and not counted: it did not learn
 * @property {(Which & { reason: string })[]} failures - not tried again
 * @property {{ peer: string, reason: string }[]} unavailable
 */

/**
 * @param {readonly Peer[]} peers
 * @param {readonly Cell[]} cells
 * @param {object} options
 * @param {readonly (number | 'default')[]} options.threads
 * @param {(cell: Cell) => { inputs: string, classes: string }} options.filesOf
 * @param {(text: string) => void} options.say
 * @param {() => void} options.onRound
 * @param {Measurements} into - filled as results come
 */
export async function measureInRounds(peers, cells, options, into) {
  const { rounds, seconds, limit, seed, strategy, signal, filesOf, say, onRound } = options;
  const present = peers.filter((peer) => isPresent(peer, into, say));
  let plan = present.flatMap((peer) =>
    cells
      .filter(peer.applies)
      .flatMap((cell) =>
        peer.threads.filter((t) => options.threads.includes(t)).map((threads) => ({ peer, cell, threads })),
      ),
  );
  const uniform = random(seed);
  for (let round = 1; round <= rounds; round++) {
    const order = shuffle([...plan], uniform);
    for (const [i, measurement] of order.entries()) {
      const { peer, cell, threads } = measurement;
      if (!plan.includes(measurement)) continue;
      const task = {
        widths: cell.widths,
        batch: cell.batch,
        threads,
        seconds,
        rate: rateFor(cell.batch),
        seed,
        strategy,
        variant: peer.variant,
        files: filesOf(cell),
      };
      const outcome = await measureInChild(peer.command(task), threads, { limit, signal });
      if (outcome.state === 'stopped') return;
      const which = { peer: peer.name, cell: cell.key, threads };
      const told = record(which, round, outcome, limit, into);
      if (outcome.state === 'unavailable') plan = plan.filter((other) => other.peer !== peer);
      else if (outcome.state !== 'measured') plan = plan.filter((other) => other !== measurement);
      say(
        `round ${round}/${rounds} ${String(i + 1).padStart(3)}/${order.length} ${cell.key} ${peer.name} x${threads}: ${told}`,
      );
    }
    onRound();
  }
}

function isPresent(peer, { unavailable }, say) {
  try {
    peer.prepare?.();
    return true;
  } catch (error) {
    const reason = (error.stderr?.toString() || error.message).trim().split('\n')[0];
    unavailable.push({ peer: peer.name, reason });
    say(`${peer.name} is unavailable: ${reason}`);
    return false;
  }
}

/** Files an outcome. @returns {string} what to tell of it */
function record(which, round, outcome, limit, into) {
  if (outcome.state === 'measured') {
    const { lossBefore, lossAfter } = outcome.result.detail;
    // Written so that NaN is excluded.
    if (!(lossAfter < lossBefore)) {
      const reason = `loss ${lossBefore} before, ${lossAfter} after`;
      into.excluded.push({ ...which, round, reason });
      return `does not learn: ${reason}`;
    }
    into.samples.push({ ...which, round, load: loadavg()[0], ...outcome.result });
    return `${count(outcome.result.patternsPerSecond)} patterns/s`;
  }
  if (outcome.state === 'unavailable') {
    into.unavailable.push({ peer: which.peer, reason: outcome.reason });
    return `unavailable: ${outcome.reason}`;
  }
  const reason = outcome.state === 'late' ? `not one measurement within ${limit} s` : outcome.reason;
  into.failures.push({ ...which, reason });
  return reason;
}
