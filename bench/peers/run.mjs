// `node run.mjs`: trains the same networks on the same data with gradpool and with what one would take instead.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';

const HERE = fileURLToPath(new URL('.', import.meta.url));
if (!existsSync(join(HERE, '../../dist/src/index.js'))) {
  console.error('gradpool is not built: run `npm ci && npm run build` in the root of the repository first.');
  process.exit(1);
}
const { catalogue, selectPeers } = await import('./lib/catalogue.mjs');
const { CELLS, parseCells, QUICK_CELLS } = await import('./lib/cells.mjs');
const { describeEnvironment } = await import('../../dist/src/lab/environment.js');
const { dataFiles } = await import('./lib/make-data.mjs');
const { asText, save } = await import('./lib/report.mjs');
const { measureInRounds } = await import('./lib/rounds.mjs');
const { makeTables } = await import('./lib/tables.mjs');

const QUICK = { rounds: 1, seconds: 0.1, cells: QUICK_CELLS };
const DEBIAN_PYTHON = '/usr/bin/python3';

const program = new Command('peers')
  .description('Compares gradpool with other libraries; prints tables, writes peers.json and peers.md.')
  .option('--only <peers>', 'names, or their beginnings: "numpy,pytorch,tfjs"')
  .option('--cells <cells>', 'like "A:1,A:16", or networks: "A,C"', parsed(parseCells))
  .option('--rounds <count>', 'default 3', parsed(whole))
  .option('--seconds <time>', 'of one measurement; default 1', parsed(positive))
  .option('--threads <list>', 'among 1, 2 and default (of gradpool)', parsed(parseThreads), [1, 2, 'default'])
  .option('--limit <seconds>', 'after which a measurement is given up', parsed(positive), 60)
  .option('--strategy <name>', "gradpool's, if not its default")
  .option('--seed <number>', 'of data, weights and the order of measurements', parsed(whole), 1)
  .option('--python <path>', 'which Python', existsSync(DEBIAN_PYTHON) ? DEBIAN_PYTHON : 'python3')
  .option('--quick', 'one cell per network, one round, 0.1 s: only shows that it works')
  .option('--out <folder>', 'where files are written', join(HERE, 'out'))
  .parse();
const given = program.opts();

const { only, quick, ...rest } = given;
const options = { rounds: 3, seconds: 1, cells: CELLS, ...(quick && QUICK), ...rest, out: resolve(given.out) };
const filesOf = ({ widths }) => dataFiles(options.out, widths, options.seed);
// All data are there before the first measurement.
for (const cell of options.cells) filesOf(cell);
const every = catalogue(options);
const peers = only === undefined ? every : parsedOrEnd(() => selectPeers(every, only));
const measurements = { samples: [], excluded: [], failures: [], unavailable: [] };

// Of the beginning: the load is that of the others.
const environment = describeEnvironment();
function finish() {
  const tables = makeTables(measurements, peers, options.cells);
  const versions = Object.fromEntries(measurements.samples.map(({ peer, version }) => [peer, version]));
  const about = { environment, versions, options: { ...options, cells: options.cells.map(({ key }) => key) } };
  return { text: asText(tables, measurements), files: save(options.out, tables, measurements, about) };
}

const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM']) {
  process.once(name, () => {
    console.error(`${name}: writing what there is`);
    interrupted.abort();
  });
}
await measureInRounds(
  peers,
  options.cells,
  { ...options, filesOf, signal: interrupted.signal, say: (text) => console.error(text), onRound: finish },
  measurements,
);
const { text, files } = finish();
console.log(`${text}\n\n${files.join(' and ')} written`);
if (interrupted.signal.aborted) process.exitCode = 130;

/** The peers' names depend on other options, so that they are looked at after parsing. */
function parsedOrEnd(parse) {
  try {
    return parse();
  } catch (error) {
    return program.error(`error: ${error.message}`);
  }
}

/** What a parser throws is told as a mistake in the option. */
function parsed(parse) {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError(error.message);
    }
  };
}

function whole(text) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new RangeError(`expected a whole number of at least 1, got "${text}"`);
  return value;
}

function positive(text) {
  const value = Number(text);
  if (!(value > 0 && value < Infinity)) throw new RangeError(`expected a number above 0, got "${text}"`);
  return value;
}

function parseThreads(list) {
  return list.split(',').map((text) => {
    if (!['1', '2', 'default'].includes(text)) throw new RangeError(`expected 1, 2 or default, got "${text}"`);
    return text === 'default' ? text : Number(text);
  });
}
