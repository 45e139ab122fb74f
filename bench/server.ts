import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { table } from '../src/cli/text.ts';
import { saveNetwork } from '../src/index.ts';
import { medianInterval } from '../src/lab/statistics.ts';
import { Random } from '../src/core/random.ts';
import { makeNetwork, NETWORKS } from './networks.ts';
import type { Effort } from './timing.ts';

const ROOT = new URL('../../', import.meta.url);
const SERVICE = fileURLToPath(new URL('examples/server/main.mjs', ROOT));
const IDLE = fileURLToPath(new URL('bench/idle-server.mjs', ROOT));
/** Rows of a request, and connections that each wait for their answer before they send the next one. */
const LOADS = [
  { rows: 1, connections: 10 },
  { rows: 16, connections: 10 },
] as const;

interface Served {
  readonly name: string;
  readonly url: string;
  readonly child: ChildProcess;
}

/** The figures of one server under one load, each a median over the rounds: requests a second, and times in ms. */
interface ServerFigures {
  readonly name: string;
  readonly rows: number;
  readonly connections: number;
  readonly requestsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
}

/** The example server with network A against one that does nothing with the rows, in turn. */
export async function benchServer({ rounds, time }: Effort) {
  const folder = await mkdtemp(join(tmpdir(), 'gradpool-bench-'));
  const servers: Served[] = [];
  try {
    const widths = NETWORKS.A;
    const model = join(folder, 'a.safetensors');
    await saveNetwork(model, makeNetwork(widths));
    servers.push(await start('predicts', [SERVICE, model, '0']));
    servers.push(await start('does nothing', [IDLE, String(widths.at(-1))]));
    const results: ServerFigures[] = [];
    for (const load of LOADS) {
      const body = bodyOf(load.rows, widths[0]);
      const samples = new Map(servers.map(({ name }) => [name, [] as autocannon.Result[]]));
      // The first round warms up.
      for (let round = 0; round <= rounds; round++) {
        for (const { name, url } of servers) {
          const result = await cannonade(url, body, load.connections, (10 * time) / 1000);
          if (round > 0) samples.get(name)!.push(result);
        }
      }
      for (const { name } of servers) results.push({ name, ...load, ...figuresOf(samples.get(name)!) });
    }
    return { results, text: textOf(results) };
  } finally {
    await Promise.all(servers.map(({ child }) => end(child)));
    await rm(folder, { recursive: true });
  }
}

/** Starts a server, whose first line is its address. */
async function start(name: string, args: string[]): Promise<Served> {
  const child = spawn(process.execPath, [...process.execArgv, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`the server that ${name} exited with code ${String(code)}`);
  });
  failed.catch(() => undefined);
  const [url] = (await Promise.race([once(createInterface(child.stdout), 'line'), failed])) as [string];
  return { name, url, child };
}

async function end(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}

function bodyOf(rows: number, inputs: number): string {
  const random = new Random(1);
  const row = () => Array.from({ length: inputs }, () => Math.round(random.uniform() * 255) / 255);
  return JSON.stringify({ rows: Array.from({ length: rows }, row) });
}

async function cannonade(url: string, body: string, connections: number, seconds: number): Promise<autocannon.Result> {
  const headers = { 'content-type': 'application/json' };
  const duration = Math.max(1, Math.round(seconds));
  const result = await autocannon({ url: `${url}/predict`, method: 'POST', headers, body, connections, duration });
  const { errors, timeouts, non2xx } = result;
  if (errors + timeouts + non2xx > 0 || result['2xx'] === 0) {
    throw new Error(`${url}: ${errors} errors, ${timeouts} timeouts, ${non2xx} refusals, ${result['2xx']} answers`);
  }
  return result;
}

function figuresOf(samples: readonly autocannon.Result[]) {
  const middle = (of: (result: autocannon.Result) => number) => medianInterval(samples.map(of), 1).median;
  return {
    requestsPerSecond: middle((result) => result['2xx'] / result.duration),
    p50: middle(({ latency }) => latency.p50),
    p99: middle(({ latency }) => latency.p99),
  };
}

function textOf(results: readonly ServerFigures[]): string {
  const idle = (rows: number) => results.find((r) => r.rows === rows && r.name === 'does nothing')!.requestsPerSecond;
  return table(
    ['server', 'rows', 'connections', 'requests/s', 'of idle', 'p50', 'p99'],
    results.map((r) => [
      r.name,
      String(r.rows),
      String(r.connections),
      r.requestsPerSecond.toFixed(0),
      `${((100 * r.requestsPerSecond) / idle(r.rows)).toFixed(0)}%`,
      `${r.p50} ms`,
      `${r.p99} ms`,
    ]),
  );
}
