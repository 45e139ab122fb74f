#!/usr/bin/env node
// The program `gradpool`.
import { EXIT } from './failure.ts';
import { runProgram } from './program.ts';

// Whoever reads has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.failed),
);

process.exitCode = await runProgram(process.argv.slice(2));
