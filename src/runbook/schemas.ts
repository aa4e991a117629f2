import * as z from 'zod';
import { codes, type ErrorCode } from '../errors/codes.ts';

/** Advice as the line to paste. */
export const advice = z.string();

/** A time, with milliseconds, in UTC. */
export const moment = z.iso.datetime();

/** An address, a hash, or bytes. */
export const hex = z.string().regex(/^0x[0-9a-fA-F]*$/);

/** See `src/errors/codes.ts`. */
export const errorCode = z.enum(Object.keys(codes) as [ErrorCode]).meta({ id: 'errorCode' });

export const operator = z
  .object({
    user: z.string(),
    host: z.string(),
    pid: z.number(),
    mark: z.string().nullable(),
    pidNamespace: z.string().optional(),
    bootId: z.string().optional(),
  })
  .meta({ id: 'operator' });

export const overrideUse = z.object({ check: z.string(), reason: z.string() }).meta({ id: 'overrideUse' });

export const errorData = z
  .object({
    code: errorCode.optional(),
    message: z.string(),
    facts: z.record(z.string(), z.string()),
    next: z.array(advice),
  })
  .meta({ id: 'errorData' });

export const approvalUse = z
  .object({
    planFile: z.string(),
    createdAt: z.string(),
    createdBy: z.string(),
    required: z.number(),
    signatures: z.array(z.object({ principal: z.string(), fingerprint: z.string(), checkedAt: z.string() })),
    signers: z.string().nullable(),
  })
  .meta({ id: 'approvalUse' });

const effect = z.enum(['reversible', 'compensable', 'final']);

const leaves = z
  .object({ subject: z.string(), plural: z.boolean().optional(), state: z.string(), until: z.string() })
  .meta({ id: 'leaves' });

/** What became of a run, as its journal has it. */
export const outcome = z.enum([
  'verified',
  'unverified',
  'failed',
  'rolled-back',
  'partly-rolled-back',
  'interrupted',
  'undone',
  'undo-unverified',
  'undo-failed',
]);

/** The state of a run: that of one without an outcome, too. */
export const runStatus = z.enum([...outcome.options, 'running', 'killed', 'abandoned']);

/** What of a step can be written down. */
export const stepData = z.object({
  id: z.string(),
  title: z.string(),
  command: z.string(),
  runs: z.enum(['tv', 'here']).optional(),
  effect,
  undo: z.string().nullable(),
  afterwards: advice.optional(),
  leaves: leaves.optional(),
  undoAlways: z.literal(true).optional(),
  group: z.string().optional(),
  once: z.array(z.string()).optional(),
});

export const check = z
  .object({
    id: z.string(),
    world: z.enum(['host', 'chain', 'database', 'api', 'config', 'run']),
    status: z.enum(['pass', 'warn', 'block', 'skip']),
    summary: z.string(),
    facts: z.record(z.string(), z.string()).optional(),
    next: z.array(advice).optional(),
    code: errorCode.optional(),
    unread: z.literal(true).optional(),
    stale: z.literal(true).optional(),
    override: z.string().optional(),
  })
  .meta({ id: 'check' });

export const transactionFate = z
  .object({
    step: z.string(),
    hash: z.string(),
    fate: z.enum(['unknown', 'pending', 'effect', 'no-effect', 'mined', 'not-found']),
    block: z.number().nullable(),
    words: z.string(),
  })
  .meta({ id: 'transactionFate' });

const change = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('transfer'), token: hex.nullable(), from: hex, to: hex, amount: z.string() }),
    z.object({ kind: z.literal('role'), role: z.string(), account: hex, held: z.boolean() }),
    z.object({ kind: z.literal('pause'), contract: hex, paused: z.boolean() }),
    z.object({ kind: z.literal('breaker'), pair: hex, open: z.boolean() }),
    z.object({ kind: z.literal('oracle'), contract: hex, account: hex }),
    z.object({ kind: z.literal('order'), contract: hex, id: z.string() }),
    z.object({
      kind: z.literal('event'),
      contract: hex,
      event: z.string(),
      count: z.number(),
      byTime: z.literal(true).optional(),
    }),
  ])
  .meta({ id: 'change' });

const stepEffects = z
  .object({
    step: z.string(),
    result: z.enum(['success', 'failure', 'unknown']),
    reason: z.string().nullable(),
    moves: z.literal(true).optional(),
    changes: z.array(change),
  })
  .meta({ id: 'stepEffects' });

/** What a plan changes in the database and on the host. */
export const plannedChange = z
  .object({
    kind: z.enum(['rows', 'database', 'file', 'unit', 'setting']),
    what: z.string(),
    course: z.tuple([z.string(), z.string()], z.string()),
  })
  .meta({ id: 'plannedChange' });

const capitalPlaces = z
  .object({ vault: z.string(), strategy: z.string(), dex: z.string(), orders: z.string().nullable() })
  .meta({ id: 'capitalPlaces' });

/** What the transactions of a plan change. Amounts in decimal, in the smallest unit of the token. */
export const effects = z
  .discriminatedUnion('method', [
    z.object({
      method: z.literal('sequence'),
      fork: z.string().optional(),
      steps: z.array(stepEffects),
      balances: z.array(
        z.object({
          token: hex.nullable(),
          account: hex,
          before: z.string().nullable(),
          after: z.string().nullable(),
        }),
      ),
      states: z.array(
        z.object({
          kind: z.enum(['pause', 'breaker', 'role', 'oracle']),
          subject: z.string(),
          account: hex.optional(),
          before: z.string().nullable(),
          after: z.string().nullable(),
        }),
      ),
      capital: z.array(
        z.object({
          token: hex,
          before: capitalPlaces,
          after: capitalPlaces,
          paidOut: z.string(),
          unaccounted: z.string().nullable(),
        }),
      ),
      parties: z.array(z.object({ address: hex, name: z.string() })),
      tokens: z.array(
        z.object({ address: hex.nullable(), symbol: z.string(), decimals: z.number().nullable() }),
      ),
      contradictions: z.array(z.string()),
    }),
    z.object({ method: z.literal('single-calls'), reason: z.string(), steps: z.array(stepEffects) }),
    z.object({ method: z.literal('none'), reason: z.string() }),
  ])
  .meta({ id: 'effects' });
