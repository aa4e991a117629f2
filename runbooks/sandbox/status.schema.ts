import * as z from 'zod';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import { sandboxInfo } from '../../src/sandbox/schemas.ts';
import type command from './status.ts';

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    dir: z.string(),
    condition: z.enum(['up', 'down', 'broken']),
    sandbox: sandboxInfo.optional(),
    units: z.array(z.object({ unit: z.string(), active: z.string(), pid: z.number() })),
    faults: z.array(z.string()),
  }),
);
