import * as z from 'zod';
import { judgedItem } from '../../src/operations/schemas.ts';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import { advice } from '../../src/runbook/schemas.ts';
import type command from './done.ts';

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    environment: z.string(),
    log: z.string(),
    record: z.number(),
    item: judgedItem,
    next: z.array(advice),
  }),
);
