import * as z from 'zod';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import type command from './list.ts';

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    procedures: z.array(
      z.object({
        command: z.string(),
        section: z.string(),
        summary: z.string(),
        risk: z.enum(['read', 'mild', 'sandbox', 'moderate', 'severe']),
      }),
    ),
  }),
);
