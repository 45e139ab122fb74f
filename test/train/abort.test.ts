// Stopping in the middle of thousands of short updates: whatever the moment, whatever the number of workers, the network
// holds the weights of a whole number of updates, to the bit.
import { setTimeout as delay } from 'node:timers/promises';
import { type Network, Trainer, type TrainerOptions } from 'gradpool';
import { describe, expect, test } from 'vitest';
import { expectSameBits } from '../close.ts';
import { COUNTING, counted, countedUpdates, countingData, countingNetwork } from './counting.ts';
import { STRATEGIES } from './problem.ts';

const data = countingData();
/** More than cores; ending.test.ts has longer updates on two workers. */
const CASES = STRATEGIES.flatMap((strategy) => [3].map((workers) => ({ strategy, workers })));
/** From the abort to the rejection, in ms: generous, because tests share the machine. */
const PROMPTLY = 500;

async function expectWholeUpdates(network: Network, options: TrainerOptions): Promise<void> {
  const updates = countedUpdates(network);
  expect(updates).toBeGreaterThan(0);
  expect(Number.isInteger(updates), `${updates} updates`).toBe(true);
  const undisturbed = await counted(updates, data, options);
  expectSameBits(`${updates} updates`, network.parameters, undisturbed.parameters);
}

/** Somewhere in the second epoch or later. */
async function underWay(network: Network): Promise<void> {
  while (countedUpdates(network) === 0) await delay(1);
  await delay(17);
}

describe.each(CASES)('$strategy, $workers workers', ({ strategy, workers }) => {
  const options = { ...COUNTING, strategy, workers };

  test('a signal within some epoch', async () => {
    const network = countingNetwork();
    await using trainer = await Trainer.create(network, options);
    const controller = new AbortController();
    const reason = new Error('enough');
    const ended = trainer.fit(data, { epochs: 1e6, signal: controller.signal }).then(
      () => expect.fail('it was not aborted'),
      (error: unknown) => ({ error, at: performance.now() }),
    );
    await underWay(network);
    const before = performance.now();
    controller.abort(reason);
    const { error, at } = await ended;
    expect(error).toMatchObject({ name: 'GradpoolError', code: 'ERR_ABORTED', cause: reason });
    expect(at - before).toBeLessThan(PROMPTLY);
    await expectWholeUpdates(network, options);
    const updates = countedUpdates(network);
    await trainer.fit(data, { maxUpdates: 10 });
    expect(countedUpdates(network), 'training goes on').toBe(updates + 10);
  });

  test('close within some epoch', async () => {
    const network = countingNetwork();
    const trainer = await Trainer.create(network, options);
    const fit = trainer.fit(data, { epochs: 1e6 });
    const rejected = expect(fit).rejects.toMatchObject({ name: 'GradpoolError', code: 'ERR_CLOSED' });
    await underWay(network);
    await trainer.close();
    await rejected;
    await expectWholeUpdates(network, options);
  });
});

test('a signal during validation keeps the epoch', async () => {
  const network = countingNetwork();
  await using trainer = await Trainer.create(network, { ...COUNTING, workers: 2, backend: 'reference' });
  const controller = new AbortController();
  const validation = countingData(600_000);
  const fit = trainer.fit(data.slice(0, 80), { validation, signal: controller.signal });
  const rejected = expect(fit).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  while (countedUpdates(network) === 0) await delay(1);
  await delay(30);
  controller.abort();
  await rejected;
  expect(countedUpdates(network)).toBe(10);
});

test('no listener is left on a signal', async () => {
  await using trainer = await Trainer.create(countingNetwork(), { ...COUNTING, workers: 2 });
  const { signal } = new AbortController();
  let listeners = 0;
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
  signal.removeEventListener = (...args: Parameters<typeof remove>) => (listeners--, remove(...args));
  await trainer.fit(data.slice(0, 80), { epochs: 3, signal, validation: data.slice(0, 10) });
  expect(listeners).toBe(0);
});

// Frozen weights would say little here: they change at the end of an epoch only. Processor time tells.
test('no thread works between two epochs of epochs()', async () => {
  await using trainer = await Trainer.create(countingNetwork(), { ...COUNTING, workers: 2 });
  const epochs = trainer.epochs(countingData(8 * 20_000), { epochs: 2 });
  await epochs.next();
  await delay(20);
  const cpu = process.cpuUsage();
  await delay(300);
  const { user, system } = process.cpuUsage(cpu);
  expect((user + system) / 1000, 'ms of processor time in 300 ms').toBeLessThan(100);
  await epochs.return(undefined);
});
