// Runs commands and a program of a page in a folder of its own.
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';

const run = promisify(execFile);

/** An empty folder inside the repository, where the package's own name leads to it; with the folders that pages speak of. */
export function runFolder(root: string, name: string): string {
  const folder = join(root, 'out/guides', name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const shown of ['examples', 'node_modules']) symlinkSync(join(root, shown), join(folder, shown), 'junction');
  return folder;
}

/**
 * First the commands, one after another, then the program.
 * @param commands - the words of each after `gradpool`
 * @returns what they print
 */
export async function runInFolder(
  root: string,
  folder: string,
  commands: readonly (readonly string[])[],
  program: string | undefined,
): Promise<string> {
  writeFileSync(join(folder, 'commands.json'), JSON.stringify(commands));
  const module = join(folder, 'program.mjs');
  if (program !== undefined) writeFileSync(module, compiled(program));
  const script = join(root, 'test/fixtures/guide.mjs');
  const args = [
    script,
    join(root, 'dist/src/cli/program.js'),
    'commands.json',
    ...(program === undefined ? [] : [module]),
  ];
  const { stdout, stderr } = await run(process.execPath, args, { cwd: folder, timeout: 110_000, maxBuffer: 2 ** 26 });
  return stdout + stderr;
}

/** Node 20 and 22 know no `await using`. */
function compiled(code: string): string {
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  return ts.transpileModule(code, { compilerOptions }).outputText;
}
