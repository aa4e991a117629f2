import * as z from 'zod';
import { documentFields } from '../../journal/planFile.ts';
import { schemaFor } from '../../runbook/schemaFor.ts';
import { check, effects, overrideUse, plannedChange, stepData } from '../../runbook/schemas.ts';
import type { DescribedPlan } from './describePlan.ts';

/** As in its file, with advice as lines to paste. */
const planDocument = z
  .object({
    ...documentFields,
    createdBy: z.object(documentFields.createdBy.shape),
    overrides: z.array(overrideUse),
    restsOn: z.unknown(),
    input: z.unknown(),
    plan: z.object({
      id: z.string(),
      steps: z.array(stepData),
      consequence: z.string(),
      effects: effects.optional(),
      changes: z.array(plannedChange).optional(),
    }),
    checks: z.array(check),
  })
  .meta({ id: 'planDocument' });

/** A plan file with its state and its signatures. */
export const describedPlan = schemaFor<DescribedPlan>()(
  z.object({
    file: z.string(),
    sha256: z.string(),
    document: planDocument,
    state: z.enum(['open', 'expired', 'future', 'used']),
    expiresAt: z.string(),
    required: z.number(),
    usedBy: z.string().nullable(),
    signatures: z.array(
      z.object({
        file: z.string(),
        fingerprint: z.string().nullable(),
        principal: z.string().nullable(),
        state: z.enum([
          ...(['valid', 'own', 'repeated', 'altered'] as const),
          ...(['unknown-key', 'not-valid-now', 'revoked', 'unchecked'] as const),
        ]),
      }),
    ),
    operator: z.array(z.string()),
    problem: z.string().nullable(),
  }),
);
