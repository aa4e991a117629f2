import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where sandboxes keep the pasts of their chains for each other, during one run of the tests. */
    readonly pasts: string;
  }
}

/** Vitest's global setup: before the first file, and after the last. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const pasts = await mkdtemp(join(tmpdir(), 'tv-pasts-'));
  project.provide('pasts', pasts);
  return () => rm(pasts, { recursive: true, force: true });
}
