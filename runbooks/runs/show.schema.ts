import * as z from 'zod';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import {
  advice,
  approvalUse,
  check,
  errorData,
  operator,
  overrideUse,
  runStatus,
  stepData,
  transactionFate,
} from '../../src/runbook/schemas.ts';
import type command from './show.ts';

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    journal: z.string(),
    run: z.string(),
    runbook: z.string(),
    title: z.string(),
    environment: z.string(),
    status: runStatus,
    unfinished: z.boolean(),
    supersededBy: z.string().nullable(),
    ways: z.array(advice),
    left: z.array(z.string()),
    startedAt: z.string(),
    endedAt: z.string().nullable(),
    operator,
    confirmation: z.string(),
    overrides: z.array(overrideUse),
    approval: approvalUse.nullable(),
    input: z.unknown(),
    plan: z.string(),
    steps: z.array(
      stepData.extend({
        status: z.enum(['done', 'waiting', 'failed', 'undone', 'in-flight', 'undoing']).optional(),
        result: z.unknown().optional(),
        notes: z.record(z.string(), z.unknown()).optional(),
        startedAt: z.string().nullable().optional(),
        endedAt: z.string().nullable().optional(),
        durationMs: z.number().nullable().optional(),
        error: errorData.nullable().optional(),
      }),
    ),
    verification: z.array(check),
    transactions: z.array(transactionFate),
    notes: z.array(z.object({ at: z.string(), by: z.string(), text: z.string() })),
  }),
);
