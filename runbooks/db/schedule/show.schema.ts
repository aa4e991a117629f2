import * as z from 'zod';
import { type DataOf, schemaFor } from '../../../src/runbook/schemaFor.ts';
import { moment } from '../../../src/runbook/schemas.ts';
import type command from './show.ts';

const jobState = z.object({
  name: z.enum(['backup', 'prune', 'vacuum']),
  service: z.string(),
  timer: z.string(),
  enabled: z.boolean(),
  active: z.boolean(),
  next: moment.optional(),
  running: z.boolean(),
  timesUnknown: z.string().optional(),
  last: z
    .object({
      startedAt: moment.optional(),
      endedAt: moment.optional(),
      result: z.string(),
      exitCode: z.number(),
    })
    .optional(),
});

export default schemaFor<DataOf<typeof command>>()(z.object({ jobs: z.array(jobState).nullable() }));
