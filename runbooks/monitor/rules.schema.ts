import * as z from 'zod';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import type command from './rules.ts';

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    schema: z.literal('tv.monitor-rules/1'),
    format: z.enum(['prometheus', 'grafana']),
    text: z.string(),
  }),
);
