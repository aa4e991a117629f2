import * as z from 'zod';
import { type DataOf, schemaFor } from '../../../src/runbook/schemaFor.ts';
import type command from './install.ts';

export default schemaFor<DataOf<typeof command>>()(z.object({ lines: z.array(z.string()) }));
