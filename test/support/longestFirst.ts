import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Those that take longest, and so must not be the last ones, for which the other workers have to wait.
 * Of the first few only one has sandboxes that keep their chain's past: the others then find it.
 */
const longest = [
  'reindex-kill',
  'sandbox',
  'oracle-rotate',
  'chain-emergency',
  'reindex-outage',
  'reindex-beside',
  'oracle-recover',
  'faults',
  'reindex-signals',
  'reindex-kill-inside',
  'db-restore',
  'reindex',
  'reindex-secrets',
  'runbook-export',
  'emergency-shutdown',
  'drill',
  'db-maintenance',
  'database-ranges',
  'reindex-asking',
];

/** Without durations of an earlier run, vitest begins with the largest files, which are not the longest. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return files.toSorted((a, b) => place(a) - place(b));
  }
}

/** Small for a file that is to run early. Nothing depends on the order but how long all files take together. */
function place({ moduleId }: TestSpecification): number {
  const [, kind, name = ''] = /(\w+)\/([\w-]+)\.test\.ts$/.exec(moduleId) ?? [];
  const known = longest.indexOf(name);
  if (known >= 0) return known;
  return longest.length + ['e2e', 'integration', 'unit'].indexOf(kind ?? '');
}
