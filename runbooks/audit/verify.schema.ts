import * as z from 'zod';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import type command from './verify.ts';

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    log: z.string(),
    entries: z.number(),
    intact: z.boolean(),
    problems: z.array(z.string()),
    /** How many the log was compared with. */
    anchors: z.number(),
  }),
);
