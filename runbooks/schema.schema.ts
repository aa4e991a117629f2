import * as z from 'zod';
import { type DataOf, schemaFor } from '../src/runbook/schemaFor.ts';
import type command from './schema.ts';

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    schemas: z.array(z.object({ id: z.string(), what: z.string() })),
    document: z.record(z.string(), z.unknown()).nullable(),
  }),
);
