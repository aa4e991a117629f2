import { defineConfig } from 'vitest/config';

/** The unit tests as `npm run mutation` runs them, apart from the projects of vitest.config.ts. */
export default defineConfig({
  test: { include: ['test/unit/**/*.test.ts'], testTimeout: 60_000 },
});
