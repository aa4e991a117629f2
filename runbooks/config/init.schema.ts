import * as z from 'zod';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import type command from './init.ts';

export default schemaFor<DataOf<typeof command>>()(
  z.object({ file: z.string(), environment: z.string(), found: z.boolean() }),
);
