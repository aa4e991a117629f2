import * as z from 'zod';
import { type DataOf, schemaFor } from '../src/runbook/schemaFor.ts';
import type command from './completion.ts';

export default schemaFor<DataOf<typeof command>>()(
  z.object({ shell: z.enum(['bash', 'zsh', 'fish']), script: z.string() }),
);
