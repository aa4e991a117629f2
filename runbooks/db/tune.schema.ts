import * as z from 'zod';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import type command from './tune.ts';

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    database: z.string(),
    version: z.string(),
    machine: z.object({
      memoryBytes: z.number(),
      reportedBytes: z.number().nullable(),
      cores: z.number(),
      disk: z.enum(['ssd', 'hdd']),
      diskWhy: z.string(),
      elsewhere: z.string().nullable(),
    }),
    settings: z.array(
      z.object({
        name: z.string(),
        now: z.string(),
        recommended: z.string(),
        state: z.enum(['same', 'differs', 'waiting', 'outranked']),
        where: z.string(),
        restart: z.boolean(),
      }),
    ),
    api: z.object({ workers: z.number().nullable(), recommended: z.number(), from: z.string() }),
  }),
);
