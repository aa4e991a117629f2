import * as z from 'zod';
import { field } from '../../../src/runbook/define.ts';

/** Of both commands that send tokens out of the vault. */
export const toAgain = field(
  '--to-again <address>',
  'the recipient once more in full, where it is not on that list',
  z.string().optional(),
);
