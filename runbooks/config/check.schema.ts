import * as z from 'zod';
import { consideredFile, settingsProblem } from '../../src/operations/schemas.ts';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import type command from './check.ts';

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    environment: z.string(),
    sound: z.boolean(),
    problems: z.array(settingsProblem),
    files: z.array(consideredFile),
  }),
);
