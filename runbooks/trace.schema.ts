import * as z from 'zod';
import { unknownAnswer } from '../src/operations/schemas.ts';
import { type DataOf, schemaFor } from '../src/runbook/schemaFor.ts';
import { advice, hex } from '../src/runbook/schemas.ts';
import type command from './trace.ts';

const tracedLog = z.object({
  address: hex,
  contract: z.string().nullable(),
  logIndex: z.number(),
  topic: hex.nullable(),
  name: z.string().nullable(),
  args: z.string().nullable(),
  unstorable: z.boolean(),
});

const tracedTransaction = z.object({
  hash: hex,
  from: hex,
  nonce: z.number(),
  calls: z.array(z.object({ to: hex.nullable(), contract: z.string().nullable(), call: z.string() })),
  block: z.number().nullable(),
  at: z.number().nullable(),
  status: z.union([
    unknownAnswer,
    z.object({ known: z.literal(true), value: z.enum(['success', 'failure']) }),
  ]),
  logs: z.union([unknownAnswer, z.object({ known: z.literal(true), value: z.array(tracedLog) })]),
  revert: z.union([unknownAnswer, z.object({ known: z.literal(true), value: z.string() })]).nullable(),
});

const transactionRow = z.object({
  table: z.string(),
  transactionHash: z.string(),
  logIndex: z.number().nullable(),
  kind: z.string().nullable(),
  contract: z.string().nullable(),
  children: z.array(z.string()),
});

const indexed = tracedLog.extend({
  stored: z.boolean(),
  tables: z.array(z.string()),
  why: z.string().nullable(),
});

const transactionTrace = z.object({
  of: z.literal('transaction'),
  hash: hex,
  transaction: z.union([
    unknownAnswer,
    z.object({ known: z.literal(true), value: tracedTransaction.nullable() }),
  ]),
  roles: z.union([unknownAnswer, z.object({ known: z.literal(true), value: z.array(z.string()) })]),
  rows: z.union([unknownAnswer, z.object({ known: z.literal(true), value: z.array(transactionRow) })]),
  events: z.array(indexed),
  surplus: z.array(transactionRow),
  lines: z.union([
    unknownAnswer,
    z.object({
      known: z.literal(true),
      value: z.array(z.object({ at: z.string(), unit: z.string(), message: z.string() })),
    }),
  ]),
  isCut: z.boolean(),
  journalBegins: z.union([unknownAnswer, z.object({ known: z.literal(true), value: z.string().nullable() })]),
  run: z.string().nullable(),
  runUnknown: z.string().nullable(),
  next: z.array(advice),
});

const followedEvent = z.object({
  block: z.number(),
  at: z.number().nullable(),
  transactionHash: z.string(),
  logIndex: z.number().nullable(),
  contract: z.string().nullable(),
  name: z.string().nullable(),
  as: z.array(z.string()),
  words: z.string(),
  chain: z.enum(['found', 'unread', 'not-found']),
  stored: z.boolean().nullable(),
  unstorable: z.boolean(),
  tables: z.array(z.string()),
  why: z.string().nullable(),
});

const gap = z.object({
  of: z.enum(['chain', 'database']),
  from: z.number(),
  to: z.number(),
  reason: z.string(),
  isChosen: z.boolean(),
});

const eventTrace = z.object({
  of: z.enum(['address', 'deposit']),
  subject: z.string(),
  blocks: z.object({ from: z.number(), to: z.number() }).nullable(),
  none: z.string().nullable(),
  events: z.array(followedEvent),
  gaps: z.array(gap),
  cursor: z.union([unknownAnswer, z.object({ known: z.literal(true), value: z.number().nullable() })]),
  rows: z.union([unknownAnswer, z.object({ known: z.literal(true), value: z.number() })]),
  notes: z.array(z.string()),
  next: z.array(advice),
});

export default schemaFor<DataOf<typeof command>>()(z.union([transactionTrace, eventTrace]));
