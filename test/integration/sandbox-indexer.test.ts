import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../src/sandbox/machine/until.ts';
import { fillDatabase } from '../../src/sandbox/postgres/fillDatabase.ts';
import { eventsPerRound } from '../support/eventSource.ts';
import { type IndexerBench, indexerBench } from '../support/indexerBench.ts';

describe.each(['deployed', 'runbook'] as const)('the indexer on the %s form', (form) => {
  let bench: IndexerBench;
  beforeAll(async () => {
    bench = await indexerBench(form);
  });
  afterAll(() => bench[Symbol.asyncDispose]());
  beforeEach(() => bench.clear());
  afterEach(() => bench.breakRpc());

  const blocks = () =>
    bench
      .query<{ block: number }>(
        `SELECT DISTINCT block_number::int AS block FROM ${form === 'deployed' ? 'events' : 'deposits'} ORDER BY 1`,
      )
      .then((rows) => rows.map(({ block }) => block));
  const setCursor = (block: number) =>
    bench.query(`INSERT INTO indexer_state (last_indexed_block) VALUES (${block})
                 ON CONFLICT (id) DO UPDATE SET last_indexed_block = ${block}`);
  const cursor = () => bench.query('SELECT last_indexed_block::int AS block FROM indexer_state');
  const reaches = (block: number) => new RegExp(`Indexed blocks \\d+-${block}: `);

  it('writes exactly what filling the database at once writes', async () => {
    const head = await bench.head();
    const filled = await fillDatabase({
      databaseUrl: bench.databaseUrl,
      rpcUrl: bench.node.url,
      addresses: bench.addresses,
    });
    expect(filled).toEqual({ events: bench.eventBlocks.length * eventsPerRound, lastIndexedBlock: head });
    if (form === 'deployed') expect(await cursor()).toEqual([{ block: head }]);
    const atOnce = await bench.snapshot();
    await bench.clear();

    await using indexer = bench.startIndexer();
    await indexer.line(reaches(head));
    const byBlock = await bench.snapshot();
    expect(byBlock).toEqual(atOnce);
    if (form === 'deployed') expect(await cursor()).toEqual([{ block: head }]);

    // And both write what the chain says: every kind, big and negative numbers, other contracts left out.
    for (const [table, rows] of Object.entries(byBlock)) {
      const rounds = { events: eventsPerRound, circuit_breakers: 2 }[table] ?? 1;
      expect(rows, table).toHaveLength(rounds * bench.eventBlocks.length);
    }
    const [deposit] = await bench.query<{ amount: string; time: number }>(
      `SELECT amount, extract(epoch FROM block_timestamp)::int AS time FROM deposits ORDER BY id LIMIT 1`,
    );
    const block = (await bench.node.call('eth_getBlockByNumber', [
      `0x${bench.eventBlocks[0]?.toString(16)}`,
      false,
    ])) as { timestamp: string };
    expect(deposit).toEqual({ amount: (2n ** 256n - 2n).toString(), time: Number(block.timestamp) });
    expect(await bench.query('SELECT DISTINCT reference_tick FROM oracle_updates')).toEqual([
      { reference_tick: -12 },
    ]);
    expect(await bench.query('SELECT triggered FROM circuit_breakers ORDER BY id LIMIT 2')).toEqual([
      { triggered: true },
      { triggered: false },
    ]);
  });

  it('takes START_BLOCK for indexed already', async () => {
    const [, start = 0, next] = bench.eventBlocks;
    await using indexer = bench.startIndexer({ START_BLOCK: start });
    await indexer.line(reaches(await bench.head()));
    expect(indexer.output()).toContain(`Indexing blocks ${start + 1} to`);
    expect((await blocks())[0]).toBe(next);
  });

  it('leaves a block whose call fails out for good', async () => {
    const lost = bench.eventBlocks[7] ?? 0;
    bench.breakRpc({ mode: 'skip-logs', blocks: [lost] });
    await using indexer = bench.startIndexer();
    await indexer.line(new RegExp(`ERROR - Error fetching logs for block ${lost}: request timed out`));
    await indexer.line(reaches(await bench.head()));
    bench.breakRpc();
    const later = await bench.source.emitAll(21);
    await indexer.line(reaches(later));
    expect(await blocks()).toEqual([...bench.eventBlocks.filter((block) => block !== lost), later]);
    if (form === 'deployed') expect(await cursor()).toEqual([{ block: later }]);
  });

  it('writes nothing twice', async () => {
    const head = await bench.head();
    await using first = bench.startIndexer();
    await first.line(reaches(head));
    await first.stop();
    const table = form === 'deployed' ? 'events' : 'deposits';
    const rows = () => bench.query(`SELECT * FROM ${table} ORDER BY id`);
    const before = await rows();
    if (form === 'deployed') await setCursor(0);
    await using second = bench.startIndexer();
    await second.line(reaches(head));
    expect(second.output()).not.toMatch(/: [1-9]\d* events/);
    expect(await rows()).toEqual(before);
  });

  if (form === 'deployed')
    it('prefers the cursor to START_BLOCK', async () => {
      const [known = 0, next] = bench.eventBlocks.slice(10);
      await setCursor(known);
      await using indexer = bench.startIndexer({ START_BLOCK: 3 });
      await indexer.line(reaches(await bench.head()));
      expect((await blocks())[0]).toBe(next);
    });

  if (form === 'deployed')
    it('moves the cursor after fifty blocks, and rows after each block', async () => {
      const [early = 0] = bench.eventBlocks.filter((block) => block > 50);
      expect(early).toBeLessThan(100);
      bench.breakRpc({ mode: 'slow', ms: 20 });
      await using indexer = bench.startIndexer();
      await until(async () => (await blocks()).includes(early), {
        limitMs: 20_000,
        what: 'a block of batch 2',
      });
      await indexer.stop();
      expect(await cursor()).toEqual([{ block: 50 }]);
    });

  if (form === 'deployed')
    it('lossy: stores what Python can serialise, says why not for the rest, prints its URL, inserts no cursor', async () => {
      const head = await bench.head();
      const [lost = 0] = bench.eventBlocks;
      await using indexer = bench.startIndexer({ INDEXER_FORM: 'lossy' });
      await indexer.line(reaches(head));
      const kinds = await bench.query<{ type: string; rows: number }>(
        'SELECT event_type AS type, count(*)::int AS rows FROM events GROUP BY 1 ORDER BY 1',
      );
      // Each block with events has one of each kind; tests before this one have added a block of theirs.
      const filter = { address: bench.source.address, fromBlock: '0x0', toBlock: `0x${head.toString(16)}` };
      const logs = (await bench.node.call('eth_getLogs', [filter])) as readonly { blockNumber: string }[];
      const rows = new Set(logs.map(({ blockNumber }) => blockNumber)).size;
      expect(kinds).toEqual(
        [
          'CapitalRecalled',
          'Deposited',
          'GlobalPauseToggled',
          'LossRealized',
          'ManagementFeeAccrued',
          'PerformanceFeeAccrued',
          'Withdrawn',
        ].map((type) => ({ type, rows })),
      );
      expect(await bench.query('SELECT count(*)::int AS rows FROM deposits')).toEqual([{ rows }]);
      const unstorable = [
        'CapitalDeployed',
        'OracleSignalUpdated',
        'CircuitBreakerTriggered',
        'CircuitBreakerReset',
        'OrderPlaced',
      ];
      for (const event of unstorable) {
        expect(indexer.output()).toContain(
          `ERROR - Error storing event ${event} in block ${lost}: Object of type bytes is not JSON serializable`,
        );
      }
      expect(indexer.output()).toContain(`INFO - Connecting to database: ${bench.databaseUrl}`);
      // The DDL seeds the row; where it is missing this program does not make one.
      expect(await cursor()).toEqual([]);
      await indexer.stop();
      await setCursor(0);
      await using again = bench.startIndexer({ INDEXER_FORM: 'lossy' });
      await again.line(reaches(head));
      expect(await cursor()).toEqual([{ block: head }]);
    });

  if (form === 'runbook')
    it('forgets where it was: START_BLOCK counts at each start', async () => {
      const head = await bench.head();
      await using first = bench.startIndexer({ START_BLOCK: head });
      const later = await bench.source.emitAll(22);
      await first.line(reaches(later));
      expect(await blocks()).toEqual([later]);
      await first.stop();
      await bench.clear();
      await using second = bench.startIndexer({ START_BLOCK: head });
      await second.line(reaches(later));
      expect(await blocks()).toEqual([later]);
    });

  it('has one nameless connection, and comes back when it is cut', async () => {
    await using indexer = bench.startIndexer({ START_BLOCK: (await bench.head()) - 1 });
    await indexer.line(reaches(await bench.head()));
    const connections = () =>
      bench.query<{ pid: number; name: string }>(
        `SELECT pid, application_name AS name FROM pg_stat_activity
         WHERE usename = 'tempovault' AND application_name <> 'bench'`,
      );
    const [connection, ...others] = await connections();
    expect({ name: connection?.name, others }).toEqual({ name: '', others: [] });
    await bench.query(`SELECT pg_terminate_backend(${connection?.pid})`);
    const later = await bench.source.emitAll(23);
    await indexer.line(reaches(later));
    expect((await blocks()).at(-1)).toBe(later);
  });

  it('ends on SIGTERM without waiting for anything, idle, busy, or waiting for a node that hangs', async () => {
    const head = await bench.head();
    await using idle = bench.startIndexer();
    await idle.line(reaches(head));
    const ends = [await idle.stop()];
    await bench.clear();
    await using busy = bench.startIndexer();
    bench.breakRpc({ mode: 'slow', ms: 20 });
    await busy.line(/Indexing blocks/);
    ends.push(await busy.stop());
    bench.breakRpc({ mode: 'hang' });
    await using hanging = bench.startIndexer();
    const counts = async () =>
      (await fetch(`${bench.proxyUrl}/_counts`)).json() as Promise<{ requests: number }>;
    const before = (await counts()).requests;
    await until(async () => (await counts()).requests > before, { limitMs: 10_000, what: 'a call' });
    ends.push(await hanging.stop());
    for (const { exitCode, durationMs } of ends) {
      expect(exitCode).toBe(0);
      expect(durationMs).toBeLessThan(4_000);
    }
  });
});
