import * as z from 'zod';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import { advice, runStatus } from '../../src/runbook/schemas.ts';
import type command from './list.ts';

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    journals: z.string(),
    damaged: z.array(
      z.object({
        run: z.string(),
        message: z.string(),
        facts: z.record(z.string(), z.string()),
        next: z.array(advice),
      }),
    ),
    total: z.number(),
    runs: z.array(
      z.object({
        run: z.string(),
        runbook: z.string(),
        status: runStatus,
        unfinished: z.boolean(),
        supersededBy: z.string().nullable(),
        ways: z.array(advice),
        startedAt: z.string(),
        endedAt: z.string().nullable(),
        operator: z.string(),
      }),
    ),
  }),
);
