import * as z from 'zod';
import { judgedItem } from '../src/operations/schemas.ts';
import { type DataOf, schemaFor } from '../src/runbook/schemaFor.ts';
import { advice } from '../src/runbook/schemas.ts';
import type command from './checklist.ts';

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    environment: z.string(),
    log: z.string(),
    records: z.number().nullable(),
    problem: z.string().nullable(),
    items: z.array(judgedItem),
    next: z.array(advice),
  }),
);
