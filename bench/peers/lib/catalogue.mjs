// Who is compared, and how each is started.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {import('./task.mjs').Task} Task
 * @typedef {import('./cells.mjs').Cell} Cell
 * @typedef {object} Peer
 * @property {string} name
 * @property {'gradpool' | 'javascript' | 'python' | 'c'} language
 * @property {readonly (number | 'default')[]} threads - that it is measured with
 * @property {(cell: Cell) => boolean} applies
 * @property {(task: Task) => { file: string, args: string[] }} command
 * @property {string} variant
 * @property {(() => void) | undefined} prepare - throws what is missing
 */

const CHILDREN = fileURLToPath(new URL('../children/', import.meta.url));
const ALWAYS = () => true;
const BOTH = [1, 2];

/**
 * @param {{ python: string, out: string }} where - the interpreter, and the folder for what is compiled
 * @returns {Peer[]}
 */
export function catalogue({ python, out }) {
  const node = (name, language, threads, script, variant = '', applies = ALWAYS) => ({
    name,
    language,
    threads,
    variant,
    applies,
    command: (task) => ({ file: process.execPath, args: [join(CHILDREN, script), JSON.stringify(task)] }),
  });
  const py = (name, script, variant = '') => ({
    name,
    language: 'python',
    threads: BOTH,
    variant,
    applies: ALWAYS,
    command: (task) => ({ file: python, args: [join(CHILDREN, script), JSON.stringify(task)] }),
  });
  return [
    node('gradpool', 'gradpool', ['default'], 'gradpool.mjs', 'auto'),
    node('gradpool-wasm', 'gradpool', [1, 'default'], 'gradpool.mjs', 'wasm'),
    node('gradpool-blas', 'gradpool', ['default'], 'gradpool.mjs', 'blas'),
    py('numpy', 'numpy_sgd.py', 'plain'),
    py('numpy-tuned', 'numpy_sgd.py', 'tuned'),
    py('pytorch', 'pytorch.py', 'modules'),
    py('pytorch-tuned', 'pytorch.py', 'tuned'),
    py('sklearn', 'sklearn_mlp.py'),
    node('jax-js', 'javascript', BOTH, 'jax.mjs'),
    node('tfjs-wasm-fit', 'javascript', [1], 'tfjs-fit.mjs', 'wasm'),
    node('tfjs-wasm-hand', 'javascript', [1], 'tfjs-hand.mjs', 'wasm'),
    node('tfjs-cpu-fit', 'javascript', [1], 'tfjs-fit.mjs', 'cpu'),
    node('brain.js', 'javascript', [1], 'brain.mjs', '', ({ batch, network }) => batch === 1 && network !== 'B'),
    fann(join(out, 'fann')),
  ];
}

/** A C program, compiled before the first round. @returns {Peer} */
function fann(program) {
  const source = join(CHILDREN, 'fann.c');
  return {
    name: 'fann',
    language: 'c',
    threads: [1],
    variant: '',
    applies: ALWAYS,
    prepare() {
      if (!existsSync('/usr/include/floatfann.h')) throw new Error('no floatfann.h (Debian: libfann-dev)');
      const options = ['-O2', '-Wall', '-Wextra', '-o', program, source, '-lfloatfann', '-lm'];
      execFileSync('gcc', options, { stdio: ['ignore', 'ignore', 'pipe'] });
    },
    command: ({ files, batch, rate, seconds, seed, widths }) => ({
      file: program,
      args: [files.inputs, files.classes, batch, rate, seconds, seed, ...widths].map(String),
    }),
  };
}

/**
 * @param {readonly Peer[]} peers
 * @param {string} list - names, or what stands before a dash in them: "tfjs" is all three
 */
export function selectPeers(peers, list) {
  const names = list.split(',');
  for (const name of names) {
    if (peers.some((peer) => matches(peer, name))) continue;
    throw new RangeError(`--only expects names among ${peers.map((peer) => peer.name).join(', ')}, got "${name}"`);
  }
  return peers.filter((peer) => names.some((name) => matches(peer, name)));
}

function matches(peer, name) {
  return peer.name === name || peer.name.startsWith(`${name}-`);
}
