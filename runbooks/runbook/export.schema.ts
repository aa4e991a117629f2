import * as z from 'zod';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import type command from './export.ts';

export default schemaFor<DataOf<typeof command>>()(z.object({ version: z.string(), markdown: z.string() }));
