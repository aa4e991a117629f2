import * as z from 'zod';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import type command from './list.ts';

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    folder: z.string(),
    plans: z.array(
      z.object({
        file: z.string(),
        state: z.enum(['open', 'expired', 'future', 'used']),
        runbook: z.string(),
        environment: z.string(),
        digest: z.string(),
        createdAt: z.string(),
        expiresAt: z.string(),
        usedBy: z.string().nullable(),
        required: z.number(),
        valid: z.number(),
      }),
    ),
    log: z.string(),
    history: z.array(
      z.object({
        at: z.string(),
        command: z.string(),
        by: z.string(),
        run: z.string().nullable(),
        plan: z.string().nullable(),
        outcome: z.string(),
        signers: z.array(z.string()),
      }),
    ),
  }),
);
