import * as z from 'zod';
import { describedPlan } from '../../src/operations/approval/schema.ts';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import type command from './approve.ts';

export default schemaFor<DataOf<typeof command>>()(describedPlan.extend({ signature: z.string() }));
