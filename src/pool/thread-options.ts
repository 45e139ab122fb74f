import { basename } from 'node:path';

/** By which modules are found: threads have to find what the program finds. Each may have its value behind a `=`, or as the next word. */
const RESOLUTION = [
  '--preserve-symlinks',
  '--preserve-symlinks-main',
  '--conditions',
  '-C',
  '--experimental-require-module',
];
const WITH_VALUE = ['--conditions', '-C'];
/** What runs before a program; only the files of Yarn's Plug'n'Play, without which nothing is found, run before a thread, too. */
const PRELOADS = ['--require', '-r', '--import', '--loader', '--experimental-loader'];
const PNP = /^\.pnp\.(c?js|loader\.mjs)$/;

/** What a thread is started with. */
export interface ThreadOptions {
  readonly execArgv: string[];
  readonly env: NodeJS.ProcessEnv;
}

/**
 * The flags of the process that a thread needs. It would inherit all of them, and those of NODE_OPTIONS: also what only a main program
 * may have (`--input-type`), and what runs first (`--import`), which would run in each thread and start the next ones. Flags of V8 hold for
 * the whole process and need not be handed on.
 */
export function threadOptions(
  execArgv: readonly string[] = process.execArgv,
  env: NodeJS.ProcessEnv = process.env,
): ThreadOptions {
  const { NODE_OPTIONS, ...rest } = env;
  return { execArgv: [...neededOf(wordsOf(NODE_OPTIONS ?? '')), ...neededOf(execArgv)], env: rest };
}

function neededOf(words: readonly string[]): string[] {
  return words.flatMap((word, i) => {
    const [name, value = words[i + 1]] = split(word);
    if (RESOLUTION.includes(name)) return WITH_VALUE.includes(name) && word === name ? [name, value ?? ''] : [word];
    return PRELOADS.includes(name) && value !== undefined && PNP.test(basename(value)) ? [name, value] : [];
  });
}

function split(word: string): [string, string | undefined] {
  const at = word.indexOf('=');
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

/** As Node divides NODE_OPTIONS: by blanks, but not within double quotes, in which a backslash stands before a quote or itself. */
function wordsOf(text: string): string[] {
  return [...text.matchAll(/(?:"(?:[^"\\]|\\.)*"|[^\s"])+/g)].map(([word]) =>
    word.replace(/"((?:[^"\\]|\\.)*)"/g, (_, inner: string) => inner.replace(/\\(.)/g, '$1')),
  );
}
