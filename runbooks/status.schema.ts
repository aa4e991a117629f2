import * as z from 'zod';
import { finding, level, sourceId } from '../src/operations/schemas.ts';
import { type DataOf, schemaFor } from '../src/runbook/schemaFor.ts';
import { advice } from '../src/runbook/schemas.ts';
import type command from './status.ts';

const said = z.object({
  id: sourceId,
  title: z.string(),
  known: z.boolean(),
  level,
  text: z.string(),
});

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    environment: z.string(),
    chainId: z.number().nullable(),
    level,
    findings: z.array(finding),
    next: z.array(advice),
    sources: z.array(said),
    line: z.string().optional(),
  }),
);
