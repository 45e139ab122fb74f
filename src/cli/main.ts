#!/usr/bin/env node
// The program `gradpool`.
import { EXIT } from './failure.ts';
import { runProgram } from './program.ts';

const unread = new AbortController();
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') process.exit(EXIT.failed);
  // Whoever reads has seen enough.
  unread.abort();
});

process.exitCode = await runProgram(process.argv.slice(2), unread.signal);
