import { describe, expect, it } from 'vitest';
import type { Step, StepContext } from '../../src/runbook/define.ts';
import type { Json } from '../../src/runbook/json.ts';
import { poll } from '../../src/runbook/poll.ts';
import { during, note, step } from '../../src/runbook/step.ts';

const rest = { title: 'send it', command: 'cast send', effect: 'final', idempotent: true } as const;

describe('a step by reference', () => {
  const sent = step<{ readonly hash: string; readonly value?: bigint | undefined }>('send');

  it('its result → what run returned, as the journal has it', async () => {
    const made = sent.define({ ...rest, run: async () => ({ hash: '0x12', value: undefined }) });
    const result = await made.run({} as StepContext);
    expect([made.id, result]).toEqual(['send', { hash: '0x12' }]);
    expect(sent.result({ results: { send: result } })).toEqual({ hash: '0x12' });
  });

  it.each([
    ['not done', {}, undefined, false],
    ['found done by its probe → no result', { send: null }, undefined, true],
    ['done', { send: { hash: '0x1' } }, { hash: '0x1' }, true],
  ] as const)('%s', (_, results, result, isDone) => {
    expect([sent.result({ results }), sent.isDone({ results })]).toEqual([result, isDone]);
  });
});

describe('a note by reference', () => {
  const since = note<string>('since');
  const notes = (before: Record<string, Json>) => ({
    notes: before,
    note: (name: string, value: Json) => {
      before[name] = value;
    },
  });

  it('noted once → a later attempt keeps the first value, and makes no other', async () => {
    const before = {};
    expect(await since.once(notes(before), () => 'first')).toBe('first');
    const again = since.once(notes(before), () => Promise.reject(new Error('made again')));
    expect(await again).toBe('first');
    expect(before).toEqual({ since: 'first' });
  });

  it('making it fails → nothing is noted', async () => {
    const before = {};
    const failed = since.once(notes(before), () => Promise.reject(new Error('no clock')));
    await expect(failed).rejects.toThrow('no clock');
    expect([before, since.read(notes(before))]).toEqual([{}, undefined]);
  });
});

describe('a scope', () => {
  const one = (id: string): Step => step(id).define({ ...rest, run: async () => {} });
  const scope = {
    ...{ subject: 'services', plural: true, state: 'STOPPED' },
    ...{ open: one('stop'), body: [one('swap')], close: one('start') },
  };

  it('its steps in order → the first leaves the state until the last is done', () => {
    const steps = during(scope);
    expect(steps.map(({ id }) => id)).toEqual(['stop', 'swap', 'start']);
    expect(steps.map(({ leaves, undoAlways }) => [leaves, undoAlways])).toEqual([
      [{ subject: 'services', plural: true, state: 'STOPPED', until: 'start' }, undefined],
      [undefined, undefined],
      [undefined, undefined],
    ]);
  });

  it('one that must end → its first step is undone whatever followed', () => {
    expect(during({ ...scope, mustEnd: true }).map(({ undoAlways }) => undoAlways)).toEqual([
      true,
      undefined,
      undefined,
    ]);
  });
});

describe('polling', () => {
  function clockAt(start: number) {
    let now = start;
    return {
      now: () => new Date(now),
      sleep: async (ms: number, signal?: AbortSignal) => {
        signal?.throwIfAborted();
        now += ms;
      },
    };
  }

  it.each([
    ['at once', 1, 1],
    ['within the limit', 4, 4],
    ['at the limit exactly', 5, 5],
    ['past the limit → read once past it, and the last value is returned', 9, 6],
  ] as const)('the expected value %s', async (_, expectedFrom, reads) => {
    let number = 0;
    const read = async () => {
      number += 1;
      return number;
    };
    const last = await poll(
      clockAt(0),
      { everyMs: 100, limitMs: 400 },
      read,
      (value) => value >= expectedFrom,
    );
    expect([last, number]).toEqual([reads, reads]);
  });

  it('a reading that fails → its error, at once', async () => {
    const failed = poll(
      clockAt(0),
      { everyMs: 1, limitMs: 9 },
      () => Promise.reject(new Error('away')),
      Boolean,
    );
    await expect(failed).rejects.toThrow('away');
  });

  it('a signal between two readings → its reason', async () => {
    const stop = new AbortController();
    const read = async () => {
      stop.abort(new Error('stopped'));
      return false;
    };
    const polling = poll(clockAt(0), { everyMs: 1, limitMs: 9, signal: stop.signal }, read, Boolean);
    await expect(polling).rejects.toThrow('stopped');
  });
});
