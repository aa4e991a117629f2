import * as z from 'zod';
import { type DataOf, type ItemOf, schemaFor } from '../src/runbook/schemaFor.ts';
import { advice, moment } from '../src/runbook/schemas.ts';
import type command from './logs.ts';

const service = z.enum(['api', 'indexer', 'oracle', 'nginx']);

const level = z.enum(['critical', 'error', 'warning', 'notice', 'info', 'debug']);

const remark = z.object({
  service: service.nullable(),
  text: z.string(),
});

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    services: z.array(
      z.object({
        service,
        unit: z.string(),
        state: z.string().nullable(),
        newest: moment.nullable(),
      }),
    ),
    since: moment.nullable(),
    until: moment.nullable(),
    read: z.number(),
    matched: z.number(),
    shown: z.number(),
    rule: z.string().nullable(),
    grouped: z.boolean(),
    followed: z.boolean(),
    hiddenGroups: z.number(),
    problems: z.array(remark),
    notes: z.array(remark),
    next: z.array(advice),
  }),
);

export const item = schemaFor<ItemOf<typeof command>>()(
  z.union([
    z.object({
      at: moment,
      endedAt: moment,
      unit: z.string(),
      pid: z.number().optional(),
      priority: z.number(),
      level,
      message: z.string(),
      frames: z.array(z.string()),
      service: service.nullable(),
    }),
    z.object({
      unit: z.string(),
      level,
      pattern: z.string(),
      count: z.number(),
      first: moment,
      last: moment,
      newest: z.string(),
      service: service.nullable(),
    }),
  ]),
);
