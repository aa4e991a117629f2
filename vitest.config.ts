import { defineConfig } from 'vitest/config';
import { compileContracts } from './scripts/contracts.ts';
import { programPlugin } from './scripts/programs.ts';
import { writeRegistry } from './scripts/registry.ts';
import { LongestFirst } from './test/support/longestFirst.ts';

// A test file may be run on its own, right after `npm ci`.
await compileContracts();
await writeRegistry({ ifStale: true });

export default defineConfig({
  plugins: [programPlugin],
  test: {
    // Files run side by side, and each brings its own sandbox on free ports. Twice the cores of a
    // small machine: a good part of their time goes into waiting for services to start, stop and settle. With
    // five no more is done in the same time: what waits asks more often.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Vitest's own second is short where each look starts a process.
    expect: { poll: { timeout: 20_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          // They leave nothing behind in their process, so that the next file need not load all modules anew.
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'real',
          include: ['test/{integration,e2e}/**/*.test.ts'],
          globalSetup: 'test/support/testRun.ts',
          isolate: false,
        },
      },
    ],
  },
});
