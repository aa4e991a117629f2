import * as z from 'zod';
import { type DataOf, schemaFor } from '../src/runbook/schemaFor.ts';
import { moment } from '../src/runbook/schemas.ts';
import type command from './incident.ts';

const incidentEntry = z.object({
  at: moment,
  until: moment.nullable().optional(),
  of: z.enum(['chain', 'api', 'indexer', 'oracle', 'runs', 'notes', 'cursor', 'monitor', 'calls', 'missing']),
  level: z.enum(['unknown', 'info', 'bad', 'warn', 'good']),
  what: z.string(),
  details: z.array(z.string()),
  about: z.literal(true).optional(),
});

const serviceName = z.enum(['api', 'indexer', 'oracle']);

const outage = z.object({
  from: moment.nullable(),
  isSeen: z.boolean(),
  to: moment.nullable(),
  failedStarts: z.number(),
  downMs: z.number(),
  reason: z.string(),
});

const serviceStory = z.object({
  service: serviceName,
  unit: z.string(),
  state: z.enum(['unknown', 'up', 'down']),
  why: z.string().nullable(),
  outages: z.array(outage),
  downMs: z.number(),
  leftOut: z.number(),
});

const clockReading = z.object({
  clock: z.enum(['chain', 'database', 'host']),
  offsetMs: z.number().nullable(),
  withinMs: z.number(),
  reason: z.string().nullable(),
});

const sourceReport = z.object({
  source: z.enum(['chain', 'runs', 'notes', 'journal', 'cursor', 'monitor', 'calls']),
  state: z.enum(['read', 'partly', 'unread', 'absent']),
  summary: z.string(),
});

const missingStretch = z.object({
  source: z.enum(['chain', 'runs', 'notes', 'journal', 'cursor', 'monitor', 'calls']),
  from: moment,
  to: moment,
  reason: z.string(),
});

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    html: z.string().nullable(),
    environment: z.string(),
    since: moment,
    until: moment,
    madeAt: moment,
    madeBy: z.string(),
    entries: z.array(incidentEntry),
    services: z.array(serviceStory),
    errors: z.object({
      total: z.number(),
      groups: z.array(
        z.object({
          unit: z.string(),
          level: z.enum(['error', 'warning', 'critical', 'debug', 'info', 'notice']),
          pattern: z.string(),
          count: z.number(),
          first: moment,
          last: moment,
          newest: z.string(),
          service: serviceName,
        }),
      ),
      leftOut: z.number(),
    }),
    clocks: z.array(clockReading),
    sources: z.array(sourceReport),
    missing: z.array(missingStretch),
    remarks: z.array(z.string()),
  }),
);
