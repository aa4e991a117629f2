import * as z from 'zod';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import type command from './start.ts';

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    drill: z.string(),
    sandbox: z.string(),
    seed: z.number(),
    minutes: z.number(),
    startedAt: z.string(),
    endsAt: z.string(),
  }),
);
