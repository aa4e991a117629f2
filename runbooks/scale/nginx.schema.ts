import * as z from 'zod';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import type command from './nginx.ts';

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    text: z.string(),
    servers: z.array(z.object({ address: z.string(), weight: z.number() })),
    listen: z.string(),
    tested: z.boolean().nullable(),
    said: z.string(),
  }),
);
