import * as z from 'zod';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import { sandboxInfo } from '../../src/sandbox/schemas.ts';
import type command from './up.ts';

export default schemaFor<DataOf<typeof command>>()(sandboxInfo.extend({ already: z.boolean() }));
