import * as z from 'zod';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import type command from './verify.ts';

export default schemaFor<DataOf<typeof command>>()(
  z.object({ entries: z.number(), intact: z.boolean(), problems: z.array(z.string()), log: z.string() }),
);
