import * as z from 'zod';
import { pair, unknownAnswer } from '../../src/operations/schemas.ts';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import { advice, hex } from '../../src/runbook/schemas.ts';
import type command from './status.ts';

const stop = z.object({
  action: z.enum(['withdraw', 'deploy', 'place', 'deposit', 'signal']),
  effect: z.enum(['unknown', 'stopped', 'not-stopped']),
  reason: z.string().nullable(),
});

const stops = z.array(stop);

const resting = z.object({
  pairs: z.array(z.object({ pair: pair.nullable(), orders: z.string() })),
  unknown: z.string().nullable(),
});

const staleHead = z.object({
  summary: z.string(),
  facts: z.record(z.string(), z.string()),
  next: z.array(advice),
  mayCatchUp: z.boolean(),
});

const breakerChange = z.object({
  kind: z.enum(['reset', 'tripped']),
  by: hex,
  block: z.number(),
  transaction: hex,
  at: z.number().nullable(),
});

const breaker = z.object({
  pair,
  open: z.boolean(),
  last: breakerChange.nullable(),
  signal: z.object({ at: z.number(), referenceTick: z.number(), depth: z.string() }).nullable(),
  causes: z.array(z.object({ id: z.enum(['stale-oracle', 'deviation', 'thin-book']), words: z.string() })),
});

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    environment: z.string(),
    triedOn: pair.nullable(),
    stops: z.union([unknownAnswer, z.object({ known: z.literal(true), value: stops })]).nullable(),
    resting: z.union([unknownAnswer, z.object({ known: z.literal(true), value: resting })]).nullable(),
    open: z.number(),
    stalenessSeconds: z.number().nullable(),
    chainTime: z.number(),
    oldHead: staleHead.nullable(),
    eventsSinceBlock: z.number().nullable(),
    historyUnknown: z.string().nullable(),
    breakers: z.array(breaker),
  }),
);
