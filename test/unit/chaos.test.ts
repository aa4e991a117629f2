import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { lineOfLog, line as lineOfRow } from '../../scripts/chaos/events.ts';
import { judge, type Model, oldestSignal, type Readings } from '../../scripts/chaos/judge.ts';
import { runStatus } from '../../scripts/chaos/play.ts';
import { auditChainProblems, journalProblems, severalSigned } from '../../scripts/chaos/readers.ts';
import { shrink } from '../../scripts/chaos/shrink.ts';
import { Tally } from '../../scripts/chaos/table.ts';

const oracle = 'unit tempovault-oracle';

const model: Model = {
  total: { AlphaUSD: '5000' },
  orders: [
    { amount: '7', said: 'verified' },
    { amount: '8', said: 'nothing' },
    { amount: '9', said: 'unknown' },
  ],
  claims: { paused: 'false' },
  screens: '',
};

const readings: Readings = {
  total: { AlphaUSD: '5000' },
  payments: [{ amount: '7', hash: '0x1' }],
  state: { paused: 'false', [oracle]: 'active' },
  oracle: { address: '0xa', authorised: true, signalAge: 2 },
  processes: { indexers: 1, relays: 1 },
  rows: [],
  locks: [],
  left: [],
  unreadable: [],
  unjournaled: [],
  sentTwice: [],
  leaks: [],
};

const kindsOf = (change: Partial<Readings>, changed: Partial<Model> = {}) =>
  judge({ ...model, ...changed }, { ...readings, ...change }).map(({ kind }) => kind);

describe('the judge of chaos', () => {
  test('everything as it has to be → nothing', () => {
    expect(kindsOf({})).toEqual([]);
  });

  const paid = readings.payments;
  const down = { state: { ...readings.state, [oracle]: 'inactive' }, oracle: undefined };
  test.each<[string, Partial<Readings>, readonly string[]]>([
    ['a unit of money is gone', { total: { AlphaUSD: '4999' } }, ['money']],
    ['a unit of money too much', { total: { AlphaUSD: '5001' } }, ['money']],
    ['a balance that was not read', { total: {} }, ['money']],
    ['an order is paid twice', { payments: [...paid, { amount: '7', hash: '0x2' }] }, ['paid twice']],
    ['a verified order is not paid', { payments: [] }, ['not paid']],
    ['an order that was refused is paid', { payments: [...paid, { amount: '8', hash: '0x2' }] }, ['paid']],
    ['a payment that nobody asked for', { payments: [...paid, { amount: '6', hash: '0x2' }] }, ['paid']],
    [
      'paused, and tv has verified that it is not',
      { state: { ...readings.state, paused: 'true' } },
      ['untrue'],
    ],
    ['a service is down, and no screen says so', down, ['down unsaid']],
    [
      'the key of .env is not authorised',
      { oracle: { address: '0xa', authorised: false, signalAge: 2 } },
      ['oracle key'],
    ],
    [
      'no signal of the key for long',
      { oracle: { address: '0xa', authorised: true, signalAge: oldestSignal + 1 } },
      ['oracle key'],
    ],
    [
      'no signal of the key at all',
      { oracle: { address: '0xa', authorised: true, signalAge: Number.POSITIVE_INFINITY } },
      ['oracle key'],
    ],
    [
      'no key at all',
      { oracle: { address: '', authorised: false, signalAge: Number.NaN } },
      ['oracle key', 'oracle key'],
    ],
    ['two indexers', { processes: { indexers: 2, relays: 1 } }, ['two indexers']],
    ['two relays', { processes: { indexers: 1, relays: 2 } }, ['two relays']],
    ['a row is missing', { rows: ['missing: 1 0xa:0'] }, ['rows']],
    ['the lock is left', { locks: ['advisory lock of tv lock: a: b'] }, ['lock left']],
    ['a process is left', { left: ['12 pg_dump'] }, ['left']],
    ['a journal cannot be read', { unreadable: ['a.jsonl, line 2'] }, ['unreadable']],
    ['a transaction is in no journal', { unjournaled: ['0x3'] }, ['not journaled']],
    ['a step has sent twice', { sentTwice: ['run 1, pay: 0x3, 0x4'] }, ['sent twice']],
    ['a secret is shown', { leaks: [{ place: 'x', secret: 'dev key 1', form: 'raw' }] }, ['secret']],
  ])('%s → found', (_, change, kinds) => {
    expect(kindsOf(change)).toEqual(kinds);
  });

  test('an order of which tv says nothing certain may be paid once, and not twice', () => {
    const once = [...paid, { amount: '9', hash: '0x2' }];
    expect(kindsOf({ payments: once })).toEqual([]);
    expect(kindsOf({ payments: [...once, { amount: '9', hash: '0x3' }] })).toEqual(['paid twice']);
  });

  test('a service that is down as tv has verified, or says on a screen, is no violation', () => {
    expect(kindsOf(down, { claims: { [oracle]: 'inactive' } })).toEqual([]);
    expect(kindsOf(down, { screens: 'oracle relay is stopped' })).toEqual([]);
    expect(kindsOf(down, { screens: 'oracle relay is active\nindexer is stopped' })).toEqual(['down unsaid']);
    expect(kindsOf(down, { claims: { [oracle]: 'active' } })).toEqual(['untrue']);
    expect(kindsOf(down, { claims: { [oracle]: '*' } })).toEqual([]);
  });
});

describe('what the judge reads', () => {
  const chained = (...records: readonly object[]) => {
    let previous = '0'.repeat(64);
    const lines = records.map((record, at) => {
      // Its keys are in their order already.
      const body = { ...record, previous, seq: at + 1 };
      previous = createHash('sha256').update(JSON.stringify(body)).digest('hex');
      return JSON.stringify({ ...body, hash: previous });
    });
    return { text: `${lines.join('\n')}\n`, head: `${records.length} ${previous}\n` };
  };

  test('an audit log that is whole, one entry ahead of its head, and one that is not', () => {
    const { text, head } = chained({ a: 1 }, { b: 2 }, { c: 3 });
    const behind = chained({ a: 1 }, { b: 2 }).head;
    expect(auditChainProblems(text, head)).toEqual([]);
    expect(auditChainProblems(text, behind)).toEqual([]);
    expect(auditChainProblems(text, chained({ a: 1 }).head)).toEqual(['the end does not fit the head']);
    expect(auditChainProblems(text.replace('"b":2', '"b":4'), head)).toEqual(['line 2 breaks the chain']);
    expect(auditChainProblems(text.split('\n').toSpliced(1, 1).join('\n'), head)).toEqual([
      'line 2 breaks the chain',
    ]);
    expect(auditChainProblems(`${text}{"to\n`, head)).toEqual(['line 4 is no JSON']);
  });

  test('a journal with a torn last line is whole; one with a line missing is not', () => {
    const lines = [
      '{"type":"run.started","seq":0}',
      '{"type":"step.started","seq":1}',
      '{"type":"step.done","seq":2}',
    ];
    const journal = (list: readonly string[]) => journalProblems('j', list.join('\n'));
    expect(journal([...lines, ''])).toEqual([]);
    expect(journal([...lines, '{"type":"ru'])).toEqual([]);
    expect(journal([...lines.toSpliced(1, 1), ''])).toEqual(['j, line 2']);
    expect(journal([...lines.slice(1), ''])).toEqual(['j, line 1']);
    expect(journal([...lines, '{"type":"ru', ''])).toEqual(['j, line 4']);
  });

  test('a step that signed twice is found, unless it was undone between', () => {
    const noted = (hash: string, step = 'pay') => ({
      type: 'step.noted',
      step,
      note: 'transaction',
      value: { hash },
    });
    const journal = (...events: readonly object[]) =>
      severalSigned(
        [{ type: 'run.started', run: 'r' }, ...events].map((each) => JSON.stringify(each)).join('\n'),
      );
    expect(journal(noted('0x1'), noted('0x2'))).toEqual([
      { step: 'r, pay transaction', hashes: ['0x1', '0x2'] },
    ]);
    expect(journal(noted('0x1'), noted('0x1'))).toEqual([]);
    expect(journal(noted('0x1'), noted('0x2', 'other'))).toEqual([]);
    expect(journal(noted('0x1'), { type: 'undo.done', step: 'pay' }, noted('0x2'))).toEqual([]);
  });

  test('how a run ended, by its journal', () => {
    const journal = (...events: readonly object[]) =>
      `${events.map((each) => JSON.stringify(each)).join('\n')}\n`;
    const started = { type: 'run.started' };
    const ended = (outcome: string) => ({ type: 'run.ended', outcome });
    expect(runStatus(journal(started))).toBe('cut off');
    expect(runStatus(journal(started, ended('verified')))).toBe('verified');
    expect(runStatus(journal(started, ended('failed'), { type: 'run.undoing' }))).toBe('cut off');
    expect(runStatus(journal(started, ended('failed'), { type: 'run.abandoned' }))).toBe('abandoned');
  });

  test('an event of the chain and its row give the same line; another amount, another one', () => {
    const word = (value: bigint) => BigInt.asUintN(256, value).toString(16).padStart(64, '0');
    const topics = new Map([
      ['0xaa', 'OrderPlaced(bytes32,uint128,int16,uint128,bool,bool)'],
      ['0xbb', 'Deposited(uint256,address,uint256,address,uint256)'],
    ]);
    const log = {
      ...{ address: '0xC0', blockNumber: '0x10', transactionHash: '0xF1', logIndex: '0x2' },
      topics: ['0xaa', `0x${word(1n)}`, `0x${word(5n)}`],
      data: `0x${word(-20n)}${word(250n)}${word(1n)}${word(0n)}`,
    };
    const row = {
      ...{ block: 16, key: '0xf1:2', type: 'OrderPlaced', contract: '0xc0', table: 'orders_placed' },
      columns: {
        pair_id: `0x${word(1n)}`,
        order_id: '5',
        token: null,
        tick: '-20',
        amount: '250',
        is_bid: 'true',
      },
    };
    expect(lineOfLog(log, topics)).toBe(lineOfRow(row));
    expect(lineOfLog(log, topics)).not.toBe(
      lineOfRow({ ...row, columns: { ...row.columns, amount: '251' } }),
    );
    expect(lineOfLog(log, topics)).not.toBe(lineOfRow({ ...row, table: null, columns: null }));
    const account = `0x${'0'.repeat(24)}${'Ab'.repeat(20)}`;
    const deposit = {
      ...log,
      topics: ['0xbb', `0x${word(1n)}`, account, account],
      data: `0x${word(3n)}${word(4n)}`,
    };
    expect(lineOfLog(deposit, topics)).toContain(`amount=3 depositor=0x${'ab'.repeat(20)} new_balance=4`);
    expect(lineOfLog({ ...log, topics: ['0xcc'] }, topics)).toBeUndefined();
  });
});

test('the shortest list that still fails: what is not needed is left out', async () => {
  const tries: number[][] = [];
  const fails = async (part: readonly number[]) => {
    tries.push([...part]);
    return part.includes(3) && part.includes(7);
  };
  const whole = [1, 2, 3, 4, 5, 6, 7, 8];
  expect(await shrink(whole, fails, () => true)).toEqual([3, 7]);
  expect(
    await shrink(
      whole,
      async (part) => part.includes(8),
      () => true,
    ),
  ).toEqual([8]);
  // Without time for a try it is the list itself.
  expect(await shrink(whole, fails, () => false)).toBe(whole);
  expect(tries.length).toBeLessThan(30);
});

test('the table counts each command with each fault', () => {
  const tally = new Tally();
  const action = { command: 'db backup', fault: 'KILL' } as never;
  tally.add({ action, result: 'recovered' });
  tally.add({ action, result: 'recovered' });
  tally.add({ action, result: 'violated' });
  expect(tally.sum('recovered')).toBe(2);
  expect(
    String(tally)
      .split('\n')
      .at(-1)
      ?.split(/\s*\|\s*/),
  ).toEqual(['', 'db backup', 'KILL', '3', '0', '0', '2', '0', '0', '1', '']);
});
