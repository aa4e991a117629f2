import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longestFirst.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/pasts.ts',
    // Files run side by side, and each brings its own sandbox on free ports. One more than the cores of a
    // small machine: a good part of their time goes into waiting for services to start, stop and settle.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
