import * as z from 'zod';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import type command from './note.ts';

export default schemaFor<DataOf<typeof command>>()(
  z.object({ at: z.string(), environment: z.string(), by: z.string(), text: z.string(), file: z.string() }),
);
