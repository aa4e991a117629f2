import * as z from 'zod';
import { finding, level } from '../src/operations/schemas.ts';
import { type DataOf, schemaFor } from '../src/runbook/schemaFor.ts';
import { advice } from '../src/runbook/schemas.ts';
import type command from './doctor.ts';

const answered = z.object({ fine: z.string(), level, findings: z.array(z.string()) });

export default schemaFor<DataOf<typeof command>>()(
  z.object({
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
  }),
);
