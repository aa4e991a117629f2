import * as z from 'zod';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import { advice, check, effect, leaves, overrideUse } from '../../src/runbook/schemas.ts';
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
  outcome: z.enum([
    'verified',
    'running',
    'unverified',
    'failed',
    'rolled-back',
    'partly-rolled-back',
    'interrupted',
    'undone',
    'undo-unverified',
    'undo-failed',
    'killed',
    'abandoned',
  ]),
  head: z.array(z.tuple([z.string(), z.string()])),
  overrides: z.array(overrideUse),
  preflight: z.array(check),
  steps: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      command: z.string(),
      runs: z.enum(['tv', 'here']).optional(),
      effect,
      undo: z.string().nullable(),
      afterwards: advice.optional(),
      leaves: leaves.optional(),
      undoAlways: z.literal(true).optional(),
      group: z.string().optional(),
      once: z.array(z.string()).optional(),
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
    status: z.enum([
      'verified',
      'running',
      'unverified',
      'failed',
      'rolled-back',
      'partly-rolled-back',
      'interrupted',
      'undone',
      'undo-unverified',
      'undo-failed',
      'killed',
      'abandoned',
    ]),
    markdown: z.string(),
    html: z.string(),
    timeline,
  }),
);
