import * as z from 'zod';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import type command from './show.ts';

export default schemaFor<DataOf<typeof command>>()(z.object({ command: z.string(), markdown: z.string() }));
