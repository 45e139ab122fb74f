// The program as a person runs it.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { vi } from 'vitest';
import { runProgram } from '#src/cli/program.js';

const PROGRAM = join(import.meta.dirname, '../../dist/src/cli/main.js');

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param interrupt - sends the signal once stderr holds this */
export function runIn(
  folder: string,
  args: readonly string[],
  interrupt?: string,
  signal: NodeJS.Signals = 'SIGINT',
): Promise<Ran> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], { cwd: folder });
    let [stdout, stderr, sent] = ['', '', false];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
      if (interrupt === undefined || sent || !stderr.includes(interrupt)) return;
      sent = true;
      child.kill(signal);
    });
    child.on('close', (code) => done({ code, stdout, stderr }));
  });
}

/** Somebody reads the first that is written to stdout and then goes away, as `head -1` does. */
export function runUnread(folder: string, args: readonly string[]): Promise<Pick<Ran, 'code' | 'stderr'>> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], { cwd: folder });
    let stderr = '';
    child.stdout.once('data', () => child.stdout.destroy());
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('close', (code) => done({ code, stderr }));
  });
}

/** In this process, which is faster: for what ends before a thread starts. */
export async function callHere(args: readonly string[]): Promise<Ran> {
  const written = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      written[stream] += text as string;
      return true;
    }),
  );
  try {
    return { code: await runProgram(args), ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** The objects that `--json` prints, one a line. */
export function eventsOf(stdout: string): (Record<string, unknown> & { event: string })[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown> & { event: string });
}
