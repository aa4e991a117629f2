import * as z from 'zod';
import { level } from '../../src/operations/schemas.ts';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import { advice } from '../../src/runbook/schemas.ts';
import type command from './status.ts';

const shownService = z.object({
  service: z.string(),
  unit: z.string(),
  level,
  loadState: z.string(),
  state: z.string(),
  subState: z.string(),
  result: z.string(),
  since: z.string().nullable(),
  mainPid: z.number().nullable(),
  memoryBytes: z.number().nullable(),
  restarts: z.number(),
  atBoot: z.string().nullable(),
  otherProcesses: z
    .array(z.object({ pid: z.number(), user: z.string(), unit: z.string().nullable() }))
    .nullable(),
  stoppedBy: z.string().nullable(),
  remarks: z.array(z.string()),
});

export default schemaFor<DataOf<typeof command>>()(
  z.union([
    z.object({
      environment: z.string(),
      paused: z.boolean().nullable(),
      unread: z.object({ reason: z.string(), next: z.array(advice) }),
      services: z.array(z.never()),
      next: z.array(advice),
    }),
    z.object({
      environment: z.string(),
      paused: z.boolean().nullable(),
      unread: z.null(),
      services: z.array(shownService),
      next: z.array(advice),
    }),
  ]),
);
