import * as z from 'zod';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import { hex } from '../../src/runbook/schemas.ts';
import type command from './check.ts';

const chainLog = z.object({
  block: z.number(),
  blockHash: hex,
  transactionHash: hex,
  logIndex: z.number(),
  address: hex,
  topic: hex.optional(),
  event: z
    .enum([
      'Deposited',
      'Withdrawn',
      'CapitalDeployed',
      'CapitalRecalled',
      'LossRealized',
      'PerformanceFeeAccrued',
      'ManagementFeeAccrued',
      'OracleSignalUpdated',
      'CircuitBreakerTriggered',
      'CircuitBreakerReset',
      'OrderPlaced',
    ])
    .optional(),
});

const surplusRow = z.object({
  reason: z.string(),
  table: z.string(),
  block: z.number(),
  transactionHash: z.string(),
  logIndex: z.number().optional(),
  kind: z.string().optional(),
});

const eventRow = z.object({
  table: z.string(),
  block: z.number(),
  transactionHash: z.string(),
  logIndex: z.number().optional(),
  kind: z.string().optional(),
});

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    fromBlock: z.number(),
    toBlock: z.number(),
    head: z.number(),
    uncertain: z.array(z.string()),
    matched: z.number(),
    missing: z.object({ total: z.number(), first: z.array(chainLog) }),
    missingBlocks: z.object({
      total: z.number(),
      first: z.array(z.object({ from: z.number(), to: z.number(), events: z.number() })),
    }),
    surplus: z.object({ total: z.number(), first: z.array(surplusRow) }),
    leftOut: z.object({ total: z.number(), first: z.array(eventRow) }),
    unconfirmed: z.object({ total: z.number(), first: z.array(eventRow) }),
    unconfirmedReason: z.string().nullable(),
    logIndexDoubt: z.string().nullable(),
    unpaired: z.array(
      z.object({
        table: z.string(),
        missing: z.number(),
        firstBlock: z.number().nullable(),
        filled: z.boolean(),
      }),
    ),
    unstorable: z.array(z.object({ kind: z.string(), logs: z.number(), reason: z.string() })),
    ignored: z.number(),
  }),
);
