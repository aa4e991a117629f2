import * as z from 'zod';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import type command from './down.ts';

export default schemaFor<DataOf<typeof command>>()(
  z.object({ dir: z.string(), found: z.boolean(), processes: z.number() }),
);
