import { defineConfig } from 'vitest/config';
import { programPlugin } from './scripts/programs.ts';

/** The unit tests as `npm run mutation` runs them, apart from the projects of vitest.config.ts. */
export default defineConfig({
  plugins: [programPlugin],
  test: { include: ['test/unit/**/*.test.ts'], testTimeout: 60_000 },
});
