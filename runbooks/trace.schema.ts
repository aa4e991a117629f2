import * as z from 'zod';
import { unknownAnswer } from '../src/operations/schemas.ts';
import { type DataOf, schemaFor } from '../src/runbook/schemaFor.ts';
import { advice, hex } from '../src/runbook/schemas.ts';
import type command from './trace.ts';

const tracedLog = z.object({
  address: hex,
  contract: z.string().nullable(),
  logIndex: z.number(),
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
  logIndex: z.number().nullable(),
  kind: z.string().nullable(),
  children: z.array(z.string()),
});

const indexed = tracedLog.extend({
  stored: z.boolean(),
  tables: z.array(z.string()),
  why: z.string().nullable(),
});

export default schemaFor<DataOf<typeof command>>()(
  z.object({
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
    run: z.string().nullable(),
    next: z.array(advice),
  }),
);
