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

const input = { backup: field('<backup>', 'its name, or the beginning of it', z.string()) };

/** Lets prune have a backup again. */
export default defineRunbook<typeof input, PinFacts>({
  title: 'Unpin a backup',
  summary: 'Let prune remove a backup again',
  section: '3',
  order: 5,
  risk: 'mild',
  description: 'Takes the pin of a backup away: from then on tv db prune may remove it by its age.',
  examples: [{ what: 'It may be removed again', line: 'tv db unpin tempovault_20261123' }],
  input,
  example: {
    facts: {
      path: '/backup/tempovault_20261123-020000-7f3a',
      name: 'tempovault_20261123-020000-7f3a',
      form: 'directory',
      reason: null,
      before: 'before the migration',
    },
    input: { backup: 'tempovault_20261123-020000-7f3a' },
  },
  onFailure: 'stop',
  // It touches nothing that another run has begun.
  concurrency: () => ({ blockedBy: 'none' }),
  preflight: (ctx, { backup }) => checkChosenBackup(ctx, { backup, reason: null }),
  basis: pinBasis,
  changes: (facts) => [plannedPin(facts)],
  consequence: ({ name }) => `This lets tv db prune remove ${name} when it is old enough.`,
  plan: (facts) => [setPin(facts)],
  verify: checkPin,
});
