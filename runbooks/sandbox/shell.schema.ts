import * as z from 'zod';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import type command from './shell.ts';

export default schemaFor<DataOf<typeof command>>()(z.object({ exitCode: z.number() }));
