import * as z from 'zod';
import type { TvError } from '../errors/TvError.ts';
import type { RunEvent } from './events.ts';
import { schemaFor } from './schemaFor.ts';
import {
  advice,
  approvalUse,
  check,
  effects,
  errorCode,
  errorData,
  operator,
  outcome,
  overrideUse,
  plannedChange,
  stepData,
  transactionFate,
} from './schemas.ts';

const planData = z.object({
  id: z.string(),
  steps: z.array(stepData),
  consequence: z.string(),
  effects: effects.optional(),
  changes: z.array(plannedChange).optional(),
});

const runStarted = z.object({
  type: z.literal('run.started'),
  run: z.string(),
  runbook: z.string(),
  title: z.string(),
  section: z.string(),
  risk: z.enum(['read', 'mild', 'moderate', 'severe']),
  environment: z.string(),
  operator,
  version: z.string(),
  input: z.unknown(),
  facts: z.unknown(),
  checks: z.array(check),
  plan: planData,
  supersedes: z.array(z.string()).optional(),
  touches: z.array(z.string()).optional(),
  holdsUpOthers: z.literal(false).optional(),
  overrides: z.array(overrideUse),
  confirmation: z.string(),
  approval: approvalUse.optional(),
});

const lockHolder = z.object({
  operator,
  what: z.string(),
  since: z.string().nullable(),
  runbook: z.string().optional(),
  touches: z.array(z.string()).optional(),
});

/** What a run prints, one event a line. */
export const runEvent = schemaFor<RunEvent>()(
  z.discriminatedUnion('type', [
    runStarted,
    z.object({ type: z.literal('run.resumed'), operator, confirmation: z.string() }),
    z.object({ type: z.literal('run.undoing'), operator, confirmation: z.string() }),
    z.object({
      type: z.literal('run.abandoned'),
      operator,
      confirmation: z.string(),
      reason: z.string(),
      transactions: z.array(transactionFate).optional(),
      leftovers: z.array(z.object({ what: z.string(), until: z.string(), remove: advice })).optional(),
    }),
    z.object({
      type: z.literal('run.released'),
      operator,
      confirmation: z.string(),
      reason: z.string(),
      next: z.array(advice).optional(),
    }),
    z.object({ type: z.literal('run.noted'), operator, text: z.string() }),
    z.object({ type: z.literal('step.started'), step: z.string() }),
    z.object({ type: z.literal('step.noted'), step: z.string(), note: z.string(), value: z.unknown() }),
    z.object({
      type: z.literal('step.done'),
      step: z.string(),
      result: z.unknown(),
      durationMs: z.number(),
      how: z.enum(['found', 'ran']),
    }),
    z.object({ type: z.literal('step.failed'), step: z.string(), error: errorData, durationMs: z.number() }),
    z.object({ type: z.literal('undo.started'), step: z.string() }),
    z.object({ type: z.literal('undo.done'), step: z.string(), durationMs: z.number() }),
    z.object({ type: z.literal('undo.failed'), step: z.string(), error: errorData }),
    z.object({ type: z.literal('run.signalled'), signal: z.string() }),
    z.object({ type: z.literal('run.checked'), checks: z.array(check) }),
    z.object({
      type: z.literal('run.ended'),
      outcome,
      exitCode: z.number(),
      left: z.array(z.string()).optional(),
    }),
    z.object({
      type: z.literal('preflight.started'),
      runbook: z.string(),
      title: z.string(),
      section: z.string(),
      environment: z.string(),
      subject: z.string(),
    }),
    z.object({ type: z.literal('preflight.done'), checks: z.array(check) }),
    z.object({
      type: z.literal('plan.ready'),
      plan: planData,
      all: z.array(stepData).optional(),
      kept: z.array(z.string()).optional(),
      undecided: z.array(z.string()).optional(),
      dryRun: z.boolean(),
      approvals: z.number().optional(),
      out: z.string().optional(),
      digest: z.string().optional(),
      overrides: z.array(overrideUse),
      direction: z.enum(['start', 'resume', 'undo', 'abandon']),
      instead: z.array(advice).optional(),
      left: z.array(z.string()).optional(),
    }),
    z.object({
      type: z.literal('plan.written'),
      file: z.string(),
      sha256: z.string(),
      expiresAt: z.string(),
    }),
    z.object({ type: z.literal('idle.checked'), checks: z.array(check), outcome, exitCode: z.number() }),
    z.object({
      type: z.literal('step.progress'),
      step: z.string(),
      progress: z.object({
        done: z.number(),
        total: z.number().optional(),
        unit: z.string(),
        note: z.string().optional(),
      }),
    }),
    z.object({ type: z.literal('source.waiting'), reason: z.string(), limitMs: z.number() }),
    z.object({ type: z.literal('lock.waiting'), for: lockHolder, limitMs: z.number() }),
    z.object({ type: z.literal('lock.lost'), reason: z.string(), next: z.array(advice), stops: z.boolean() }),
    z.object({ type: z.literal('plan.changed'), from: z.string(), to: z.string() }),
    z.object({ type: z.literal('journal.moved'), to: z.string().nullable(), reason: z.string() }),
    z.object({ type: z.literal('audit.failed'), reason: z.string() }),
  ]),
);

/** An error, as it ends the output of any command. */
export const tvError = schemaFor<
  Pick<TvError, 'name' | 'code' | 'message' | 'facts' | 'next' | 'exitCode'>
>()(
  z.object({
    name: z.string(),
    code: errorCode,
    message: z.string(),
    facts: z.record(z.string(), z.string()),
    next: z.array(advice),
    exitCode: z.union([
      z.literal(0),
      z.literal(1),
      z.literal(2),
      z.literal(3),
      z.literal(4),
      z.literal(5),
      z.literal(6),
      z.literal(7),
      z.literal(70),
    ]),
  }),
);
