import * as z from 'zod';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import type command from './anchor.ts';

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    anchor: z.object({
      schema: z.literal('tv.anchor/1'),
      at: z.string(),
      host: z.string(),
      seq: z.number(),
      hash: z.string(),
    }),
    file: z.string(),
    command: z.string(),
  }),
);
