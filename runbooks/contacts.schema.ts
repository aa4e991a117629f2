import * as z from 'zod';
import { type DataOf, schemaFor } from '../src/runbook/schemaFor.ts';
import type command from './contacts.ts';

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    environment: z.string(),
    levels: z.array(
      z.object({
        key: z.enum(['level1', 'level2', 'level3', 'security']),
        title: z.string(),
        does: z.string(),
        contacts: z.array(z.string()),
      }),
    ),
  }),
);
