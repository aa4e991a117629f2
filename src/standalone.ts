import { writeFileSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { runFileWord } from './host/ownProgram.ts';

/*
 * The entry of the standalone executable, in place of bin/tv.js. All of tv is inside it, as one script: nothing is
 * unpacked, and no file of this machine can change what it does.
 */

/** Runs a program as `node FILE` does. Not in Node's types; it is how Node starts the file of its command line. */
const { runMain } = nodeModule as unknown as { runMain(file: string): void };

// As bin/tv.js has it: a core dump is to hold nothing of this process's memory.
try {
  writeFileSync('/proc/self/coredump_filter', '0');
} catch {
  // Not Linux, or no /proc.
}

if (process.argv[2] === runFileWord) {
  const [node = '', , , file = '', ...words] = process.argv;
  process.argv = [node, file, ...words];
  runMain(file);
} else void import('./main.ts');
