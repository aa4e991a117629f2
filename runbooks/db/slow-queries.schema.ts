import * as z from 'zod';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import type command from './slow-queries.ts';

const runningStatement = z.object({
  pid: z.number(),
  user: z.string(),
  application: z.string(),
  state: z.string(),
  ms: z.number(),
  waits: z.string().nullable(),
  statement: z.string(),
});

const slowStatement = z.object({
  statement: z.string(),
  user: z.string(),
  calls: z.number(),
  totalMs: z.number(),
  meanMs: z.number(),
  rows: z.number(),
});

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    running: z.array(runningStatement),
    hidden: z.number(),
    obstacle: z.enum(['not-installed', 'not-loaded', 'not-seen', 'not-created']).nullable(),
    preloaded: z.string().nullable(),
    onlyOwn: z.boolean(),
    user: z.string(),
    statements: z.array(slowStatement),
    database: z.string(),
    by: z.enum(['calls', 'total', 'mean']),
  }),
);
