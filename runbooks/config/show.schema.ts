import * as z from 'zod';
import { consideredFile, settingsProblem } from '../../src/operations/schemas.ts';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import type command from './show.ts';

const settingOrigin = z.object({
  key: z.string(),
  shown: z.string(),
  source: z.enum(['flag', 'environment', 'file', '.env', 'default', 'unset']),
  where: z.string(),
});

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    environment: z.string(),
    environments: z.array(z.string()),
    settings: z.array(settingOrigin),
    files: z.array(consideredFile),
    problems: z.array(settingsProblem),
  }),
);
