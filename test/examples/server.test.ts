// The example server as a process of its own: answers, refusals, and an end in good order.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { json } from 'node:stream/consumers';
import { Network, Predictor, saveNetwork } from 'gradpool';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const MAIN = resolve(import.meta.dirname, '../../examples/server/main.mjs');
const folder = mkdtempSync(join(tmpdir(), 'gradpool-server-'));
const network = new Network({ inputs: 3, layers: [{ units: 2, activation: 'softmax' }], seed: 4 });
const rows = [
  [0.5, -1, 2],
  [3, 1, -2],
];

let child: ChildProcess;
let url: string;
beforeAll(async () => {
  const model = join(folder, 'model.safetensors');
  await saveNetwork(model, network);
  child = spawn(process.execPath, [...process.execArgv, MAIN, model, '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  [url] = (await once(createInterface(child.stdout!), 'line')) as [string];
});
afterAll(() => {
  child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

async function post(body: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${url}/predict`, { method: 'POST', body });
  return { status: response.status, body: await response.json() };
}

/** What the service answers for `rows`. */
function expected(): number[][] {
  const Y = Array.from(new Predictor(network).predict(rows));
  return [Y.slice(0, 2), Y.slice(2)];
}

describe('the example server', () => {
  it('predicts, many requests at a time, what Predictor does', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(JSON.stringify({ rows }))));
    for (const answer of answers) expect(answer).toEqual({ status: 200, body: { outputs: expected() } });
  });

  it('says that it is well', async () => {
    const response = await fetch(`${url}/health`);
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
  });

  it.each<[string, string, number, string]>([
    ['no JSON', '{"rows": [', 400, 'expected JSON: '],
    ['no object', 'null', 400, 'expected { "rows": [[...], ...] }'],
    ['no rows', '{"rows": []}', 400, 'with at least one row'],
    ['a row too short', '{"rows": [[1, 2, 3], [1]]}', 400, '"inputs[1]" expected 3 numbers, got 1'],
    ['rows too long', '{"rows": [[1, 2, 3, 4]]}', 400, '"inputs" expected rows of 3 numbers'],
    ['a text', '{"rows": [[1, "2", 3]]}', 400, '"inputs[0][1]" expected number, got "2"'],
    ['a number beyond float64', '{"rows": [[1, 1e999, 3]]}', 400, 'expected a finite number, got Infinity'],
    ['too many rows', JSON.stringify({ rows: Array(4097).fill([1, 2, 3]) }), 413, 'at most 4096 rows, got 4097'],
    ['too many bytes', ' '.repeat(4 * 2 ** 20 + 1), 413, 'expected at most 4194304 bytes'],
  ])('refuses %s', async (_, body, status, message) => {
    const answer = await post(body);
    expect(answer.status).toBe(status);
    expect((answer.body as { error: string }).error).toContain(message);
  });

  it('refuses other places and methods', async () => {
    expect((await fetch(`${url}/`)).status).toBe(404);
    expect((await fetch(`${url}/predict`)).status).toBe(405);
  });

  it('answers what has come in when it is told to end, and then ends', async () => {
    const body = JSON.stringify({ rows });
    const late = request(`${url}/predict`, { method: 'POST', headers: { 'content-length': body.length } });
    const answered = once(late, 'response') as Promise<[IncomingMessage]>;
    await new Promise((done) => late.write(body.slice(0, 5), done));
    // The server has begun to read when it has answered somebody who came later.
    await fetch(`${url}/health`).then((response) => response.text());
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await expect
      .poll(
        () =>
          fetch(`${url}/health`).then(
            () => 'open',
            () => 'closed',
          ),
        { timeout: 5000 },
      )
      .toBe('closed');
    late.end(body.slice(5));
    const [response] = await answered;
    expect(response.statusCode).toBe(200);
    expect(response.headers.connection).toBe('close');
    expect(await json(response)).toEqual({ outputs: expected() });
    expect(await exited).toEqual([0, null]);
  });
});
