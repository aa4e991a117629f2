import * as z from 'zod';
import { finding, level } from '../src/operations/schemas.ts';
import { type DataOf, schemaFor } from '../src/runbook/schemaFor.ts';
import { advice } from '../src/runbook/schemas.ts';
import type command from './health.ts';

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    environment: z.string(),
    level,
    rows: z.array(
      z.object({ what: z.string(), where: z.string(), durationMs: z.number().optional(), says: z.string() }),
    ),
    findings: z.array(finding),
    next: z.array(advice),
  }),
);
