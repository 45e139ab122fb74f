// The timeline: what was done by whom and when, in a file that Chrome and Perfetto open.
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { Trainer, type TrainerOptions } from 'gradpool';
import { STRATEGIES } from '#src/train/options.js';
import { classes, classifier } from './problem.ts';

const folder = mkdtempSync(join(tmpdir(), 'gradpool-trace-'));

interface Event {
  name: string;
  ph: string;
  ts: number;
  dur: number;
  tid: number;
  args: { name?: string; update: number };
}

async function traced(name: string, options: TrainerOptions): Promise<Event[]> {
  const trace = join(folder, `${name}.json`);
  {
    await using trainer = await Trainer.create(classifier(), { workers: 2, batchSize: 8, trace, ...options });
    await trainer.fit(classes(40), { epochs: 2 });
    await trainer.evaluate(classes(40));
    await trainer.fit(classes(40), { epochs: 1 });
    expect(existsSync(trace)).toBe(false);
  }
  expect(existsSync(`${trace}.part`)).toBe(false);
  return (JSON.parse(readFileSync(trace, 'utf8')) as { traceEvents: Event[] }).traceEvents;
}

describe.each(STRATEGIES)('%s', (strategy) => {
  it('has a thread for each worker, and their phases one after the other', async () => {
    const events = await traced(strategy, { strategy });
    const names = events.filter(({ name }) => name === 'thread_name').map(({ args }) => args.name);
    expect(names).toEqual(['worker 0', 'worker 1', 'coordinator']);
    const busy = new Set<number>();
    for (const tid of [0, 1, 2]) {
      const own = events.filter((event) => event.ph === 'X' && event.tid === tid);
      if (own.length > 0) busy.add(tid);
      let [end, update] = [0, 0];
      for (const event of own) {
        expect(['gather', 'forward', 'backward', 'gradient', 'barrier', 'update']).toContain(event.name);
        // Times are told to a nanosecond.
        expect(event.ts).toBeGreaterThanOrEqual(end - 0.002);
        expect(event.dur).toBeGreaterThanOrEqual(0);
        expect(event.args.update).toBeGreaterThanOrEqual(update);
        // Three epochs of five updates.
        expect(event.args.update).toBeLessThan(15);
        end = event.ts + event.dur;
        update = event.args.update;
      }
    }
    // With hogwild one worker may have taken all batches.
    expect(busy.size).toBeGreaterThanOrEqual(strategy === 'hogwild' ? 1 : 2);
    expect(busy.has(2)).toBe(strategy === 'coordinator');
  });
});

test('on the calling thread, too', async () => {
  const events = await traced('inline', { sharedMemory: 'off' });
  expect(events.filter(({ ph }) => ph === 'X').length).toBeGreaterThan(3 * 4);
});

test('a path that cannot be written is an error before a thread starts, and what is no path is refused', async () => {
  const create = (trace: unknown) => Trainer.create(classifier(), { trace: trace as string });
  await expect(create(join(folder, 'nowhere', 'trace.json'))).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(create(folder)).rejects.toThrow('"trace" expected the path of a file, got a folder');
  await expect(create(7)).rejects.toThrow('"trace" expected string, got 7');
  await expect(create('')).rejects.toThrow('"trace" expected string that is not empty');
});
