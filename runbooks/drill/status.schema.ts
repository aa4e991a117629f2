import * as z from 'zod';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import type command from './status.ts';

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    state: z.enum(['none', 'preparing', 'running', 'over', 'interrupted']),
    drill: z
      .object({
        drill: z.string(),
        sandbox: z.string(),
        seed: z.number(),
        minutes: z.number(),
        startedAt: z.string().nullable(),
        endsAt: z.string().nullable(),
        left: z.number().nullable(),
      })
      .nullable(),
    history: z.array(
      z.object({
        drill: z.string(),
        seed: z.number(),
        startedAt: z.string(),
        outcome: z.enum(['solved', 'unsolved', 'interrupted']),
        points: z.number().nullable(),
      }),
    ),
    historyProblem: z.string().nullable(),
  }),
);
