import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { completionScript } from '#src/cli/completion.js';
import { program } from '#src/cli/program.js';

const run = promisify(execFile);
const CLI = join(import.meta.dirname, '../../dist/src/cli');
const gradpool = program(new AbortController().signal);

function isThere(shell: string): boolean {
  try {
    return execFileSync(shell, ['-c', 'echo 1'], { encoding: 'utf8' }) === '1\n';
  } catch {
    return false;
  }
}

describe.skipIf(!isThere('bash'))('bash', () => {
  /** What is offered for the last word of a line. */
  async function offered(line: string): Promise<string[]> {
    const words = line.split(' ').map((word) => `'${word}'`);
    const ask = `COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _gradpool; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await run('bash', ['-c', `set -u\n${completionScript(gradpool, 'bash')}${ask}`]);
    return stdout.trim().split('\n');
  }

  test.each([
    ['gradpool s', ['scaling', 'sweep', 'schema']],
    ['gradpool help c', ['curve', 'completion']],
    ['gradpool train --ba', ['--batch-size', '--backend']],
    ['gradpool train iris.csv --backend ', ['auto', 'wasm', 'blas', 'reference']],
    ['gradpool scaling --modes ', ['strong', 'weak']],
    ['gradpool completion ', ['bash', 'zsh', 'fish']],
    ['gradpool train --model ', ['']],
    ['gradpool train ir', ['']],
  ])('%s', async (line, words) => {
    expect(await offered(line)).toEqual(words);
  });

  test('offers every option of every command', async () => {
    for (const command of gradpool.commands)
      expect(await offered(`gradpool ${command.name()} -`)).toEqual([
        ...command.options.map(({ long }) => long),
        '--help',
      ]);
  });
});

test.skipIf(!isThere('fish'))('fish', async () => {
  const ask = (line: string) => `complete -C '${line}' | string split -f 1 \\t | string join ' '`;
  const script = `${completionScript(gradpool, 'fish')}${ask('gradpool sc')}\n${ask('gradpool train --optimizer a')}`;
  const { stdout } = await run('fish', ['--no-config', '-c', script]);
  expect(stdout).toBe('scaling schema\nadam adamw\n');
});

test.skipIf(!isThere('zsh'))('zsh', async () => {
  // Arguments as _arguments gets them: with _arguments and _describe in the place of zsh's own, which need a terminal.
  const own = '_arguments() { state=rest; print -rl -- "$@" }; _describe() { print -rl -- $commands }; compdef() { }';
  const ask = 'words=(train); _gradpool | grep -e "^--nest" -e "^--back"';
  const { stdout } = await run('zsh', ['-f', '-c', `${own}\n${completionScript(gradpool, 'zsh')}${ask}`]);
  expect(stdout).toBe(
    "--nesterov[Nesterov's momentum]\n--backend[what does the arithmetic]:name:(auto wasm blas reference)\n",
  );
});

test('help and completion load commander and nothing that trains', () => {
  const [files, packages] = [new Set<string>(), new Set<string>()];
  const visit = (path: string): void => {
    if (files.has(path)) return;
    files.add(path);
    for (const [, to] of readFileSync(path, 'utf8').matchAll(/^(?:import|export)\b[^;]*?from ['"]([^'"]+)['"]/gm)) {
      if (to!.startsWith('.')) visit(resolve(dirname(path), to!));
      else if (!to!.startsWith('node:')) packages.add(to!);
    }
  };
  visit(join(CLI, 'main.js'));
  expect([...packages]).toEqual(['commander']);
  expect([...files].every((path) => existsSync(path))).toBe(true);
  expect([...files].filter((path) => /trainer|lab\/|output|-file/.test(path))).toEqual([]);
});
