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
