#!/usr/bin/env node
// The program `gradpool`.
import { EXIT } from './failure.ts';
import { runProgram } from './program.ts';

const unread = new AbortController();
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A terminal that is gone: the signal that says so ends the work, which may have to be saved.
  if (error.code === 'EIO') return;
  if (error.code !== 'EPIPE') process.exit(EXIT.failed);
  // Whoever reads has seen enough.
  unread.abort();
});
// What is going on is told to nobody then; that ends no work.
process.stderr.on('error', () => undefined);

process.exitCode = await runProgram(process.argv.slice(2), unread.signal);
