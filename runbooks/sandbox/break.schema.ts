import * as z from 'zod';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import type command from './break.ts';

export default schemaFor<DataOf<typeof command>>()(
  z.union([
    z.object({
      kind: z.literal('list'),
      faults: z.array(z.object({ fault: z.string(), summary: z.string() })),
    }),
    z.object({ kind: z.literal('healed'), faults: z.array(z.string()) }),
    z.object({ kind: z.literal('broken'), fault: z.string() }),
  ]),
);
