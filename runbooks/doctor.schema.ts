import * as z from 'zod';
import { ownForms } from '../src/host/ownProgram.ts';
import { finding, level } from '../src/operations/schemas.ts';
import { type DataOf, schemaFor } from '../src/runbook/schemaFor.ts';
import { advice } from '../src/runbook/schemas.ts';
import type command from './doctor.ts';

const answered = z.object({
  fine: z.string(),
  level,
  findings: z.array(z.string()),
  reason: z.string().nullable(),
});

const diagnosis = z.object({
  environment: z.string(),
  chainId: z.number().nullable(),
  symptom: z
    .enum([
      'orders',
      'api-503',
      'insufficient-funds',
      'indexer-stuck',
      'oracle-stale',
      'strategies-not-deploying',
      'transactions-rejected',
      'database-slow',
      'disk-full',
    ])
    .nullable(),
  title: z.string().nullable(),
  level,
  answers: z.array(answered),
  findings: z.array(finding),
  next: z.array(advice),
});

/** With `--self`. */
const selfReport = z.object({
  tv: z.object({ version: z.string(), form: z.enum(ownForms), program: z.string() }),
  machine: z.object({
    node: z.string(),
    openssl: z.string(),
    platform: z.string(),
    system: z.string(),
    kernel: z.string(),
    user: z.string(),
  }),
  terminal: z.object({
    output: z.enum(['terminal', 'other']),
    columns: z.number().nullable(),
    colours: z.number().nullable(),
    term: z.string().nullable(),
    locale: z.string().nullable(),
    utf8: z.boolean(),
    timeZone: z.string(),
  }),
  variables: z.array(z.string()),
  environment: z.string(),
  problems: z.array(
    z.object({ level: z.enum(['fatal', 'error', 'warning']), message: z.string(), where: z.string() }),
  ),
  paths: z.array(
    z.object({
      role: z.string(),
      path: z.string(),
      state: z.enum(['usable', 'missing', 'unusable']),
      owner: z.string().nullable(),
      mode: z.string().nullable(),
      note: z.string().nullable(),
    }),
  ),
  programs: z.array(
    z.object({
      name: z.string(),
      path: z.string().nullable(),
      version: z.string().nullable(),
      neededFor: z.string(),
    }),
  ),
});

export default schemaFor<DataOf<typeof command>>()(z.union([diagnosis, selfReport]));
