import * as z from 'zod';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import { check, overrideUse, runStatus, stepData } from '../../src/runbook/schemas.ts';
import type command from './report.ts';

const timelineMoment = z.object({
  at: z.string(),
  after: z.string(),
  what: z.string(),
  kind: z.enum(['run', 'done', 'begin', 'failed', 'undone']),
  evidence: z.array(z.string()),
  took: z.string(),
  tookMs: z.number(),
});

const timeline = z.object({
  title: z.string(),
  outcome: runStatus,
  head: z.array(z.tuple([z.string(), z.string()])),
  overrides: z.array(overrideUse),
  preflight: z.array(check),
  steps: z.array(
    stepData.extend({
      status: z.string(),
      took: z.string(),
    }),
  ),
  moments: z.array(timelineMoment),
  verification: z.array(check),
});

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    run: z.string(),
    status: runStatus,
    markdown: z.string(),
    html: z.string(),
    timeline,
  }),
);
