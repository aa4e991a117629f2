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
  time: z.number().optional(),
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

const content = z.enum(['contract', 'kind', 'table', 'block hash', 'time']);

const eventRow = z.object({
  table: z.string(),
  block: z.number(),
  transactionHash: z.string(),
  logIndex: z.number().optional(),
  kind: z.string().optional(),
  contract: z.string().optional(),
  blockHash: z.string().optional(),
  time: z.number().optional(),
});

const surplusRow = eventRow.extend({ reason: z.string() });

const differingRow = eventRow.extend({
  differences: z.array(z.object({ of: content, stored: z.string(), onChain: z.string() })),
});

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    fromBlock: z.number(),
    toBlock: z.number(),
    head: z.number(),
    uncertain: z.array(z.string()),
    matched: z.number(),
    differing: z.object({ total: z.number(), first: z.array(differingRow) }),
    compared: z.array(content),
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
