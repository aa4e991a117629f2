import * as z from 'zod';
import type { MonitorEvent } from '../src/observe/monitor/event.ts';
import { finding, level } from '../src/operations/schemas.ts';
import { type DataOf, schemaFor } from '../src/runbook/schemaFor.ts';
import { advice, moment } from '../src/runbook/schemas.ts';
import type command from './monitor.ts';

const faultLevel = z.enum(['warning', 'critical', 'unknown']);

const alert = z.object({
  id: z.string(),
  finding,
  state: z.enum(['pending', 'firing']),
  level: faultLevel,
  firstSeenAt: z.number(),
  lastSeenAt: z.number(),
  firingSince: z.number().nullable(),
  absent: z.number(),
  milder: z.number(),
});

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    schema: z.literal('tv.monitor/1'),
    environment: z.string(),
    chainId: z.number().nullable(),
    at: moment,
    level,
    findings: z.array(finding),
    next: z.array(advice),
    alerts: z.array(alert),
    figures: z.record(z.string(), z.number()),
    problems: z.array(z.string()),
    line: z.string(),
  }),
);

export const lines = {
  'tv.monitor-event/1': schemaFor<MonitorEvent>()(
    z.object({
      schema: z.literal('tv.monitor-event/1'),
      status: z.enum(['firing', 'resolved']),
      environment: z.string(),
      at: moment,
      id: z.string(),
      alertname: z.string(),
      level: faultLevel,
      was: level,
      title: z.string(),
      sentence: z.string(),
      evidence: z.record(z.string(), z.string()),
      likely: z.string().nullable(),
      cause: z.string().nullable(),
      section: z.string(),
      escalation: z.union([z.literal(1), z.literal(2), z.literal(3)]),
      command: z.string(),
      next: z.array(advice),
      runbook: z.string().nullable(),
      startsAt: moment,
      endsAt: moment.nullable(),
      fingerprint: z.string(),
    }),
  ),
};
