import * as z from 'zod';
import { level, pair } from '../../src/operations/schemas.ts';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import { advice } from '../../src/runbook/schemas.ts';
import type command from './status.ts';

const seenPair = z.object({
  pair,
  nonce: z.string(),
  at: z.number(),
  ageSeconds: z.number().nullable(),
  health: z.enum(['healthy', 'stale', 'dead', 'never']),
  from: z.string(),
});

const sample = z.object({
  id: z.string(),
  level,
  summary: z.string(),
  next: z.array(advice).optional(),
  data: z.record(z.string(), z.unknown()).optional(),
});

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    environment: z.string(),
    chainId: z.number().nullable(),
    level,
    pairs: z.array(seenPair),
    samples: z.array(sample),
  }),
);
