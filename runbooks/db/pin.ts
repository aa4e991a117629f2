import * as z from 'zod';
import {
  checkChosenBackup,
  checkPin,
  type PinFacts,
  pinBasis,
  plannedPin,
  setPin,
} from '../../src/operations/setPin.ts';
import { defineRunbook, field } from '../../src/runbook/define.ts';

const input = {
  backup: field('<backup>', 'its name, or the beginning of it', z.string()),
  why: field(
    '--why <text>',
    'shown beside it (default: kept by hand)',
    z.string().min(1).default('kept by hand'),
  ),
};

/** A backup that prune never removes. */
export default defineRunbook<typeof input, PinFacts>({
  title: 'Pin a backup',
  summary: 'Keep a backup whatever its age',
  section: '3',
  order: 4,
  risk: 'mild',
  description: 'Keeps a backup whatever its age: tv db prune never removes a pinned one.',
  examples: [
    {
      what: 'Keep the last one before a migration',
      line: 'tv db pin tempovault_20261123 --why "before the migration"',
    },
  ],
  input,
  example: {
    facts: {
      path: '/backup/tempovault_20261123-020000-7f3a',
      name: 'tempovault_20261123-020000-7f3a',
      form: 'directory',
      reason: 'before the migration',
      before: null,
    },
    input: { backup: 'tempovault_20261123-020000-7f3a', why: 'before the migration' },
  },
  onFailure: 'stop',
  // It touches nothing that another run has begun.
  concurrency: () => ({ blockedBy: 'none' }),
  preflight: (ctx, { backup, why }) => checkChosenBackup(ctx, { backup, reason: why }),
  basis: pinBasis,
  changes: (facts) => [plannedPin(facts)],
  consequence: ({ name }) => `This keeps ${name} until it is unpinned.`,
  plan: (facts) => [setPin(facts)],
  verify: checkPin,
});
