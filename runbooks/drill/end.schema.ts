import * as z from 'zod';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import { operator } from '../../src/runbook/schemas.ts';
import type command from './end.ts';

const score = z
  .object({
    faults: z.array(
      z.object({
        fault: z.string(),
        summary: z.string(),
        finding: z.string(),
        diagnosed: z.number().nullable(),
        diagnosedBy: z.string().nullable(),
        safe: z.number().nullable(),
        way: z.array(z.string()),
      }),
    ),
    wrongSevere: z.array(z.object({ at: z.string(), command: z.string() })),
    rowsLost: z.number().nullable(),
    fundsLost: z.array(z.object({ symbol: z.string(), amount: z.string() })).nullable(),
    otherFindings: z.array(z.string()),
    lines: z.array(z.object({ rule: z.string(), value: z.string(), points: z.number() })),
    points: z.number(),
  })
  .meta({ id: 'drillScore' });

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    operator,
    drill: z.string(),
    seed: z.number(),
    minutes: z.number(),
    startedAt: z.string(),
    lasted: z.number(),
    outcome: z.enum(['solved', 'unsolved', 'interrupted']),
    score: score.nullable(),
  }),
);
