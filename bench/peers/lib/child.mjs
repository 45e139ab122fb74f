// The runner's side of a measurement: starts a child, waits for its line.
import { spawn } from 'node:child_process';

/** What decides how many threads a BLAS takes, and how it waits; a user's own settings do not count here. */
const THREAD_VARIABLES = ['OPENBLAS_NUM_THREADS', 'OMP_NUM_THREADS', 'MKL_NUM_THREADS'];
const CLEARED = [...THREAD_VARIABLES, 'GOTO_NUM_THREADS', 'OPENBLAS_CORETYPE', 'OPENBLAS_L2_SIZE', 'NODE_OPTIONS'];

/**
 * @typedef {{ state: 'measured', result: import('./task.mjs').Result }
 *   | { state: 'unavailable', reason: string }
 *   | { state: 'late' }
 *   | { state: 'stopped' }
 *   | { state: 'failed', reason: string }} Outcome
 */

/**
 * Runs one child to its end, or kills it after `limit` seconds or when `signal` is aborted.
 * @param {{ file: string, args: string[] }} command
 * @param {number | 'default'} threads
 * @param {{ limit: number, signal: AbortSignal }} options
 * @returns {Promise<Outcome>}
 */
export function measureInChild({ file, args }, threads, { limit, signal }) {
  if (signal.aborted) return Promise.resolve({ state: 'stopped' });
  return new Promise((resolve) => {
    const child = spawn(file, args, { env: environmentFor(threads), stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    let end;
    const kill = (state) => {
      end ??= { state };
      child.kill('SIGKILL');
    };
    const stop = () => kill('stopped');
    const timer = setTimeout(() => kill('late'), 1000 * limit);
    signal.addEventListener('abort', stop, { once: true });
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (errors = (errors + chunk).slice(-4000)));
    child.on('error', (error) => (end ??= { state: 'unavailable', reason: error.message }));
    child.on('close', (code, killedBy) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      // A terminal sends Ctrl-C to the child as well, which may be told first.
      if (killedBy === 'SIGINT') end ??= { state: 'stopped' };
      resolve(end ?? parse(output, errors, code ?? killedBy));
    });
  });
}

/** @returns {Outcome} */
function parse(output, errors, code) {
  const line = output.trim().split('\n').at(-1);
  if (code !== 0 || !line.startsWith('{')) {
    const last = errors.trim().split('\n').at(-1);
    return { state: 'failed', reason: `exit ${code}: ${errors.match(/^\w*Error:.*$/m)?.[0] ?? last}` };
  }
  const result = JSON.parse(line);
  return 'unavailable' in result ? { state: 'unavailable', reason: result.unavailable } : { state: 'measured', result };
}

function environmentFor(threads) {
  const env = { ...process.env, OMP_WAIT_POLICY: 'PASSIVE', PYTHONDONTWRITEBYTECODE: '1' };
  for (const name of CLEARED) delete env[name];
  if (threads !== 'default') for (const name of THREAD_VARIABLES) env[name] = String(threads);
  return env;
}
