import { expect, it } from 'vitest';
import vacuum from '../../runbooks/db/vacuum.ts';
import { UnavailableError } from '../../src/errors/TvError.ts';
import type { StepContext } from '../../src/runbook/define.ts';
import { DrivenClock } from '../support/fakes.ts';

it('a database that does not answer after the vacuum → nothing is said of its dead rows', async () => {
  const ctx = {
    clock: new DrivenClock(0),
    signal: new AbortController().signal,
    settings: {},
    database: () => {
      throw new UnavailableError('db.unreachable', 'Nothing listens.');
    },
  } as unknown as StepContext;
  const checks = await vacuum.verify(ctx, vacuum.example.facts, vacuum.example.input);
  expect(checks.map(({ id, status }) => [id, status])).toEqual([
    ['tables', 'block'],
    ['dead rows', 'skip'],
  ]);
});
