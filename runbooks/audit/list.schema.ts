import * as z from 'zod';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import { approvalUse, operator, overrideUse } from '../../src/runbook/schemas.ts';
import type command from './list.ts';

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    log: z.string(),
    total: z.number(),
    entries: z.array(
      z.object({
        command: z.string(),
        environment: z.string(),
        operator,
        input: z.unknown(),
        run: z.string().nullable(),
        plan: z.string().nullable(),
        outcome: z.string(),
        exitCode: z.number().nullable(),
        reason: z.string().nullable(),
        overrides: z.array(overrideUse),
        approval: approvalUse.optional(),
        seq: z.number(),
        at: z.string(),
        previous: z.string(),
        hash: z.string(),
      }),
    ),
  }),
);
