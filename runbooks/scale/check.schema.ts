import * as z from 'zod';
import { finding, level } from '../../src/operations/schemas.ts';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import { advice } from '../../src/runbook/schemas.ts';
import type command from './check.ts';

const shownHost = z.object({
  name: z.string(),
  hostname: z.string().nullable(),
  cores: z.number().nullable(),
  memoryBytes: z.number().nullable(),
  units: z.record(z.string(), z.string().nullable()),
  running: z.record(z.string(), z.number().nullable()),
  apiWorkers: z.number().nullable(),
  apiWorkersRecommended: z.number().nullable(),
  sameAs: z.string().nullable(),
});

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    environment: z.string(),
    level,
    hosts: z.array(shownHost),
    answers: z.array(z.object({ fine: z.string(), level, findings: z.array(z.string()) })),
    findings: z.array(finding),
    next: z.array(advice),
  }),
);
