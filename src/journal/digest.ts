import { createHash } from 'node:crypto';
import type { StepData } from '../runbook/events.ts';
import type { Json } from '../runbook/json.ts';

/** JSON with sorted keys, so that equal values give equal text. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

/** SHA-256 of the canonical JSON, in hex. */
export function digest(value: Json): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

/** Of each step, what the digest of its plan rests on. */
export function digestedSteps(
  steps: readonly Pick<StepData, 'id' | 'command' | 'effect' | 'group'>[],
): readonly Json[] {
  return steps.map(({ id, command, effect, group }) => ({
    ...{ id, command, effect },
    ...(group === undefined ? {} : { group }),
  }));
}
