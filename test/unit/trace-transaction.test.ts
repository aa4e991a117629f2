import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { withoutReceipt } from '../../runbooks/trace.events.ts';
import { renderTrace, type Trace } from '../../runbooks/trace.render.ts';
import traceSchema from '../../runbooks/trace.schema.ts';
import trace, { sentBy } from '../../runbooks/trace.ts';
import { known, unknown } from '../../src/errors/answer.ts';
import { UnavailableError } from '../../src/errors/TvError.ts';
import { RunStore } from '../../src/journal/journal.ts';
import type { Context } from '../../src/runbook/context.ts';
import type { ToolContext } from '../../src/runbook/define.ts';
import { worldSettings } from '../support/observedWorld.ts';
import { plainPaint } from '../support/paint.ts';

const hash = `0x${'a'.repeat(64)}` as const;
const row = {
  ...{ table: 'events', transactionHash: hash, logIndex: 0, kind: 'Deposited', contract: null },
  children: ['deposits'],
};
/** A transaction that no node knows. */
const lost: Trace = {
  ...{ of: 'transaction', hash, transaction: known(null), roles: known([]), rows: known([]) },
  ...{ events: [], surplus: [], lines: known([]), isCut: false, journalBegins: known(null) },
  ...{ run: null, runUnknown: null, next: [] },
};
const screen = (more: Partial<Trace>) =>
  renderTrace({ ...lost, ...more }, plainPaint(400)).replaceAll(/\s+/g, ' ');

describe('a transaction that no node knows', () => {
  it('its rows are in the database → it was in a block, and the rows are shown', () => {
    const text = screen({ rows: known([row]) });
    expect(text).toContain('the database has its rows: it was in a block.');
    expect(text).toContain('the node is behind or has pruned it, or the block was replaced');
    expect(text).toContain('? #0 Deposited events, deposits');
    expect(text).not.toContain('not sent');
  });

  it('a run of tv has it → signed, not "not sent"', () => {
    const text = screen({ run: '20261123T031200-abcd' });
    expect(text).toContain(
      'a run of tv has signed it: pending, dropped from the pool, replaced, or the node is',
    );
    expect(text).not.toContain('not sent');
  });

  it('nothing has it → not sent, or the node is behind or has pruned it', () => {
    expect(screen({})).toContain(
      '✖ No RPC node that was asked knows it: not sent to this chain, dropped from the pool, or replaced; or the node is behind or has pruned it.',
    );
  });

  it('its rows are unknown → that is said', () => {
    expect(screen({ rows: unknown('the database is away') })).toContain(
      'Rows ? unknown: the database is away',
    );
  });
});

describe('a deposit whose transaction has no receipt', () => {
  it.each([
    ['named by its row', known([]), true],
    ['with rows', known([row]), false],
  ])('%s → unknown, not "not sent"', (_, rows, isRow) => {
    expect(withoutReceipt(rows, { isRow })).toEqual({
      unknown:
        'no RPC node that was asked has the receipt of its transaction, and the database has its rows: the node is behind or has pruned it, or its block was replaced',
    });
  });

  it('without rows → not sent, or the node is behind or has pruned it', () => {
    const lostIt =
      'no RPC node that was asked has its receipt: pending, replaced, not sent to this chain, or the node is behind or has pruned it';
    expect(withoutReceipt(known([]), { isRow: false })).toEqual({ none: lostIt });
    expect(withoutReceipt(unknown('away'), { isRow: false })).toEqual({
      none: `${lostIt} (its rows are unknown: away)`,
    });
  });
});

describe('the journals of the services', () => {
  const begins = '2026-11-20T00:00:00.000Z';
  /** A host whose journal begins then, with so many lines that name the transaction. */
  const traced = (lines: number) => {
    const entry = (at: number, message: string) =>
      JSON.stringify({
        __REALTIME_TIMESTAMP: String(at * 1_000),
        _SYSTEMD_UNIT: 'tempovault-indexer.service',
        ...{ MESSAGE: message, PRIORITY: '6' },
      });
    const first = entry(Date.parse(begins), 'started');
    const named = Array.from({ length: lines }, (_, at) =>
      entry(Date.parse(begins) + 1_000 + at, `read ${hash}`),
    );
    const script = `case "$*" in *--grep*) ${named.length === 0 ? 'exit 1' : `echo '${named.join('\n')}'`} ;; *) echo '${first}' ;; esac`;
    const away = () => {
      throw new UnavailableError('chain.node-unreachable', 'The RPC node did not answer.', {});
    };
    const ctx = {
      ...{ settings: worldSettings, chain: away, database: away, signal: new AbortController().signal },
      host: () => ({ prefix: ['sh', '-c', script, 'sh'] }),
      runs: new RunStore(directory, []),
    };
    return trace.collect(ctx as unknown as ToolContext, { hash } as never);
  };

  it('no line names it → where the journal begins is said, since what is older is gone', async () => {
    const found = await traced(0);
    expect(found).toMatchObject({ lines: known([]), isCut: false, journalBegins: known(begins) });
    const text = trace.render(found, plainPaint(400), {} as never);
    expect(text).toContain('no line that the journal still has names it');
    expect(text).toMatch(/the journal begins .*: what is older was rotated away or never kept/);
    traceSchema.parse(JSON.parse(JSON.stringify(found)));
  });

  it.each([
    [20, false],
    [21, true],
  ])('%i lines name it → cut %s, and all of them are one command away', async (lines, isCut) => {
    const found = await traced(lines);
    expect(found).toMatchObject({ lines: { value: { length: 20 } }, isCut });
    const text = trace.render(found, plainPaint(400), {} as never);
    expect(text.includes('the first 20 lines; more name it')).toBe(isCut);
    expect(text.includes(`tv logs --tx ${hash}`)).toBe(isCut);
  });

  it('the journal begins before the transaction could be named → no line is an answer', () => {
    expect(screen({})).toContain('Journals no line of the services names it');
    expect(screen({ journalBegins: unknown('no answer') })).toContain(
      'no line that the journal still has names it ? when the journal begins is unknown: no answer',
    );
  });
});

const directory = mkdtempSync(join(tmpdir(), 'tv-trace-'));
afterAll(() => rmSync(directory, { recursive: true }));

describe('the run of tv', () => {
  const ctx = (folder: string) =>
    ({ runs: new RunStore(folder, []), settings: worldSettings }) as unknown as Context;

  it('no journal has it → none; one cannot be read → unknown', () => {
    expect(sentBy(ctx(directory), hash)).toEqual({ run: null, runUnknown: null });
    const damaged = join(directory, 'damaged');
    mkdirSync(join(damaged, 'runs'), { recursive: true });
    writeFileSync(join(damaged, 'runs', '20261123T031200-abcd.jsonl'), 'not a journal\n');
    const found = sentBy(ctx(damaged), hash);
    expect(found).toEqual({
      run: null,
      runUnknown: expect.stringContaining('1 journal of runs cannot be read'),
    });
    expect(screen(found)).toContain('Run of tv ? unknown: 1 journal of runs cannot be read');
  });
});
