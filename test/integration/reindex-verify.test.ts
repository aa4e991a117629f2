import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { exampleFacts, type ReindexFacts } from '../../runbooks/reindex.preflight.ts';
import reindex, { clearRows } from '../../runbooks/reindex.ts';
import { connectChain } from '../../src/chain/connectChain.ts';
import { connectDatabase } from '../../src/database/connectDatabase.ts';
import { countRows } from '../../src/database/countRows.ts';
import { readCursor } from '../../src/database/readCursor.ts';
import { readEventKinds } from '../../src/database/readEventKinds.ts';
import { readEventSchema } from '../../src/database/readEventSchema.ts';
import type { Check } from '../../src/runbook/check.ts';
import type { CommandOutput, Database, Host } from '../../src/runbook/context.ts';
import type { StepContext } from '../../src/runbook/define.ts';
import { fillDatabase } from '../../src/sandbox/postgres/fillDatabase.ts';
import { type IndexerBench, indexerBench } from '../support/indexerBench.ts';
import { callRpc, type HttpServer, type RpcCall, RpcRefusal, rpcServer } from '../support/rpcServer.ts';

const password = 'p/w@rd';
const line = (event: string, block: number) =>
  `ERROR - Error storing event ${event} in block ${block}: Object of type bytes is not JSON serializable`;
const connecting = `INFO - Connecting to database: postgresql://tempovault:${password}@db.internal/tempovault`;

/** What is wrong in a world; everything else is as a finished reindex leaves it. */
interface World {
  /** Statements that damage the database, and those that mend it. */
  readonly damage?: readonly string[];
  readonly mend?: readonly string[];
  readonly unit?: string;
  readonly processes?: number;
  readonly startBlock?: string;
  readonly journal?: readonly string[] | 'absent';
  /** Answers in place of the node; undefined passes the call on. */
  readonly rpc?: (call: RpcCall) => unknown;
  readonly databaseAway?: boolean;
  readonly facts?: (facts: ReindexFacts) => ReindexFacts;
}

describe('the verification of a reindex, on an indexer that cannot store some kinds', () => {
  let bench: IndexerBench;
  let server: HttpServer;
  let database: Database;
  let facts: ReindexFacts;
  let world: World = {};
  let head: number;
  const from = () => bench.eventBlocks[5] ?? 0;
  const middle = () => bench.eventBlocks[12] ?? 0;
  const last = () => bench.eventBlocks[19] ?? 0;

  beforeAll(async () => {
    bench = await indexerBench('deployed');
    head = await bench.head();
    await fillDatabase({
      databaseUrl: bench.databaseUrl,
      rpcUrl: bench.node.url,
      addresses: bench.addresses,
      indexer: 'lossy',
    });
    server = await rpcServer(async (call) => {
      const instead = world.rpc?.(call);
      return instead === undefined ? callRpc(bench.node.url, call.method, call.params) : instead;
    });
    database = connectDatabase({ url: bench.databaseUrl, timeoutMs: 10_000, applicationName: 'verify' });
    const schema = await readEventSchema(database);
    const { clear, keep } = await countRows(database, { schema, fromBlock: from() });
    facts = {
      ...exampleFacts,
      beside: null,
      fromBlock: from(),
      chain: { id: 31337, head, contracts: bench.addresses },
      database: {
        ...exampleFacts.database,
        schema,
        clear,
        keep,
        cursor: (await readCursor(database, { schema }))?.block ?? null,
        kinds: await readEventKinds(database, { schema, fromBlock: from(), toBlock: head }),
        kindsUpTo: head,
        unpaired: [],
        surplus: {},
      },
      env: { file: '/srv/tempovault/.env', before: '0', after: String(from() - 1) },
    };
  });
  afterAll(async () => {
    await database?.close();
    await server?.[Symbol.asyncDispose]();
    await bench?.[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    for (const statement of world.mend ?? []) await bench.query(statement);
    world = {};
  });

  /** `services pass`, `env block` …, and the text of each check. */
  async function look(wrong: World) {
    return inWorld(wrong, async (ctx) => {
      const checks = await reindex.verify(ctx, wrong.facts?.(facts) ?? facts, reindex.example.input);
      const text = JSON.stringify(checks);
      expect(text).not.toContain(password);
      return { states: Object.fromEntries(checks.map(({ id, status }) => [id, status])), of: byId(checks) };
    });
  }

  async function inWorld<T>(wrong: World, work: (ctx: StepContext) => Promise<T>): Promise<T> {
    world = wrong;
    for (const statement of wrong.damage ?? []) await bench.query(statement);
    const chain = connectChain({
      rpcUrls: [server.url],
      id: 31337,
      timeoutMs: 5_000,
      contracts: {
        governanceRoles: undefined,
        riskController: undefined,
        treasuryVault: bench.source.address,
        dexStrategy: undefined,
      },
    });
    const away = connectDatabase({
      url: 'postgresql://tempovault@127.0.0.1:1/tempovault',
      timeoutMs: 1_000,
      applicationName: 'verify',
    });
    const signal = new AbortController().signal;
    const ctx = {
      settings: { host: { units: { indexer: 'tempovault-indexer' } } },
      signal,
      runId: 'RUN',
      results: { gaps: { comparedTo: head } },
      notes: {},
      clock: { now: () => new Date(), sleep: async () => {} },
      progress: () => {},
      chain: () => chain,
      database: () => (wrong.databaseAway === true ? away : database),
      host: () => host(),
    } as unknown as StepContext;
    try {
      return await work(ctx);
    } finally {
      await away.close();
    }
  }

  const byId = (checks: readonly Check[]) => (id: string) => {
    const found = checks.find((check) => check.id === id);
    if (found === undefined) throw new Error(`no check ${id}`);
    return found;
  };

  /** Exactly the commands that the verification runs; any other is an error. */
  function host(): Host {
    const answer = (stdout: string, exitCode = 0): CommandOutput => ({ exitCode, stdout, stderr: '' });
    const { unit = 'active', processes = 1, startBlock = String(from() - 1), journal } = world;
    const pids = Array.from({ length: processes }, (_, index) => 100 + index);
    return {
      prefix: [],
      run: async (command) => {
        const [name, verb = '', script = ''] = command;
        if (name === 'systemctl' && verb === 'show') {
          return answer(
            `Id=tempovault-indexer.service\nLoadState=loaded\nActiveState=${unit}\nSubState=running\nMainPID=100\n`,
          );
        }
        if (name === 'systemctl' && verb === 'is-system-running') return answer('running\n');
        if (name === 'ps') {
          const itself = '1 9 Ss root /sbin/init\n999 0 R tv ps -ww -eo pid=,etimes=,stat=,user:64=,args=\n';
          return answer(pids.map((pid) => `${pid} 5 S tv python3 event_indexer.py\n`).join('') + itself);
        }
        if (name === 'sh' && script.includes('/proc/')) {
          const detail = (pid: number) =>
            `pid ${pid}\npython3\nevent_indexer.py\n\n0::/system.slice/tempovault-indexer.service\nend\n`;
          return answer(pids.map(detail).join(''));
        }
        if (name === 'sh' && script.includes('base64')) {
          const text = Buffer.from(`START_BLOCK=${startBlock}\n`).toString('base64');
          return answer(`640 0 0\nroot\nroot\n${text}\n`);
        }
        if (name === 'journalctl') {
          if (journal === 'absent') return { ...answer('', 1), stderr: 'No journal files were found.' };
          const lines = journal ?? [connecting, ...kindsWithoutRows.map((kind) => line(kind, middle()))];
          const grep = command.find((word) => word.startsWith('--grep='))?.slice('--grep='.length) ?? '';
          const found = lines.filter((message) => message.includes(grep));
          return answer(
            found
              .map((MESSAGE, at) => `${JSON.stringify({ MESSAGE, __REALTIME_TIMESTAMP: `${at}000` })}\n`)
              .join(''),
            found.length === 0 ? 1 : 0,
          );
        }
        throw new Error(`unexpected command: ${command.join(' ')}`);
      },
    };
  }

  const kindsWithoutRows = [
    'CapitalDeployed',
    'OracleSignalUpdated',
    'CircuitBreakerTriggered',
    'CircuitBreakerReset',
    'OrderPlaced',
  ];
  const allPass = {
    services: 'pass',
    env: 'pass',
    'older rows': 'pass',
    cursor: 'pass',
    kinds: 'pass',
    events: 'warn',
  };
  const invented = `0x${'ab'.repeat(32)}`;
  /** Takes rows out of the range that is compared, as if they had never been written. */
  const gone = (where: string) => ({
    damage: [
      `UPDATE events SET block_number = block_number + 1000000, event_type = 'gone ' || event_type WHERE ${where}`,
    ],
    mend: [
      `UPDATE events SET block_number = block_number - 1000000, event_type = substr(event_type, 6)
       WHERE block_number > 1000000`,
    ],
  });
  /** The event is there, and its row in the table of its kind is not. */
  const lostDeposit = {
    damage: [
      'CREATE TABLE lost_deposits AS SELECT * FROM deposits',
      'DELETE FROM deposits WHERE event_id = (SELECT max(event_id) FROM deposits)',
    ],
    mend: [
      'DELETE FROM deposits',
      'INSERT INTO deposits SELECT * FROM lost_deposits',
      'DROP TABLE lost_deposits',
    ],
  };
  /** The node no longer returns the logs of one block, whatever the range. */
  const hides = (call: RpcCall): unknown =>
    call.method === 'eth_getLogs'
      ? callRpc(bench.node.url, call.method, call.params).then((logs) =>
          (logs as { blockNumber: string }[]).filter((log) => Number(log.blockNumber) !== middle()),
        )
      : undefined;

  it('the world as it should be → verified, with the journal quoted for what cannot be stored', async () => {
    const { states, of } = await look({});
    expect(states).toEqual(allPass);
    expect(of('kinds').summary).toBe(`${15 * 7} rows of 7 kinds up to block ${head}, all there again`);
    const { summary, facts: shown } = of('events');
    expect(summary).toContain(`${15 * 7} events of blocks`);
    expect(summary).toContain('5 kinds cannot be stored by this indexer, as before');
    for (const kind of kindsWithoutRows) expect(shown?.['kinds (logs)']).toContain(`${kind} (15)`);
    expect(shown?.['because']).toContain('is not JSON serializable');
  });

  it('the journal absent → still verified, and it says that the reason is inferred', async () => {
    const { states, of } = await look({ journal: 'absent' });
    expect(states).toEqual(allPass);
    expect(of('events').facts?.['because']).toBe(
      "no kind with a bytes32 or struct argument is stored here; the indexer's journal could not be read: No journal files were found.",
    );
  });

  const wrongWorlds: readonly (readonly [string, () => World, Record<string, string>, string, RegExp])[] = [
    [
      'effect missing: the rows of one block',
      () => gone(`block_number = ${middle()}`),
      { kinds: 'block', events: 'block' },
      'events',
      /: 7 missing, 0 surplus/,
    ],
    [
      'effect missing: every row of a kind that was there before',
      () => gone("event_type = 'GlobalPauseToggled'"),
      { 'older rows': 'block', kinds: 'block', events: 'block' },
      'kinds',
      /GlobalPauseToggled":"15 before, 0 now/,
    ],
    [
      'effect missing: rows in the table of a kind alone',
      () => lostDeposit,
      { events: 'block' },
      'events',
      /events without their row in the table of their kind: 1 of deposits \(from block [\d ]+\)/,
    ],
    [
      'effect missing, and the node has lost the same logs: it is not believed',
      () => ({ ...gone(`block_number = ${middle()}`), rpc: hides }),
      { kinds: 'block', events: 'warn' },
      'kinds',
      /Deposited":"15 before, 14 now/,
    ],
    [
      'a kind that is stored elsewhere has no row here, and the journal gives no reason',
      () => ({
        journal: [connecting],
        damage: [
          `INSERT INTO events (block_number, block_timestamp, transaction_hash, log_index, event_type, contract_address, event_data)
           VALUES (1, now(), '${invented}', 1, 'OrderPlaced', '0x', '{}')`,
        ],
        mend: [`DELETE FROM events WHERE transaction_hash = '${invented}'`],
      }),
      { 'older rows': 'block', events: 'block' },
      'events',
      /: 75 missing, 0 surplus/,
    ],
    [
      'effect of somebody else: a row that is not on the chain',
      () => ({
        damage: [
          `INSERT INTO events (block_number, block_timestamp, transaction_hash, log_index, event_type, contract_address, event_data)
           VALUES (${middle()}, now(), '${invented}', 1, 'Deposited', '0x', '{}')`,
        ],
        mend: [`DELETE FROM events WHERE transaction_hash = '${invented}'`],
      }),
      { events: 'block' },
      'events',
      /0 missing, 1 surplus.*reorganised: block \d+ does not hold the transaction/,
    ],
    [
      'rows of another contract, in the place of those that are on the chain',
      () => ({
        damage: [
          `UPDATE events SET contract_address = '0x${'11'.repeat(20)}' WHERE block_number = ${middle()}`,
        ],
        mend: [
          `UPDATE events SET contract_address = '${bench.source.address}' WHERE block_number = ${middle()}`,
        ],
      }),
      { events: 'block' },
      'events',
      /0 missing, 0 surplus in the database, 7 otherwise than on the chain.*contract 0x1111/,
    ],
    [
      'the node leaves logs out that its receipts hold',
      () => ({ rpc: hides }),
      { events: 'block' },
      'events',
      /eth_getLogs left out 7 logs that the receipts hold/,
    ],
    [
      'the node leaves logs out, and refuses receipts: unknown',
      () => ({
        rpc: (call) => {
          if (call.method === 'eth_getTransactionReceipt') throw new RpcRefusal(-32603, 'internal error');
          return hides(call);
        },
      }),
      { events: 'block' },
      'events',
      /7 rows could not be confirmed/,
    ],
    [
      'the node has logs under the number of another block: the node is at fault, nothing is missing',
      () => ({
        rpc: (call) =>
          call.method === 'eth_getLogs'
            ? callRpc(bench.node.url, call.method, call.params).then((logs) =>
                (logs as { blockNumber: string }[]).map((log) =>
                  Number(log.blockNumber) === middle()
                    ? { ...log, blockNumber: `0x${(middle() + 1).toString(16)}` }
                    : log,
                ),
              )
            : undefined,
      }),
      { events: 'block' },
      'events',
      /eth_getLogs and its receipts contradict each other/,
    ],
    [
      'the indexer has no rows of blocks whose logs its node has lost: 0 of 0 is no match',
      () => ({
        ...gone(`block_number >= ${from()}`),
        rpc: (call) => (call.method === 'eth_getLogs' ? [] : undefined),
      }),
      { kinds: 'block', events: 'block' },
      'events',
      /log index is incomplete/,
    ],
    [
      'effect late: the cursor is behind',
      () => ({
        damage: [`UPDATE indexer_state SET last_indexed_block = ${head - 30}`],
        mend: [`UPDATE indexer_state SET last_indexed_block = ${head}`],
      }),
      { cursor: 'block' },
      'cursor',
      /30 behind the head/,
    ],
    [
      'the cursor is ahead of the head',
      () => ({
        damage: [`UPDATE indexer_state SET last_indexed_block = ${head + 9}`],
        mend: [`UPDATE indexer_state SET last_indexed_block = ${head}`],
      }),
      { cursor: 'block' },
      'cursor',
      /ahead of the head.*reorganised, or the RPC node lags/,
    ],
    [
      'the cursor row is missing',
      () => ({
        damage: ['DELETE FROM indexer_state'],
        mend: [`INSERT INTO indexer_state (last_indexed_block) VALUES (${head})`],
      }),
      { cursor: 'block' },
      'cursor',
      /indexer_state holds no block/,
    ],
    [
      'the cursor is NULL',
      () => ({
        damage: [
          'ALTER TABLE indexer_state ALTER last_indexed_block DROP NOT NULL',
          'UPDATE indexer_state SET last_indexed_block = NULL',
        ],
        mend: [`UPDATE indexer_state SET last_indexed_block = ${head}`],
      }),
      { cursor: 'block' },
      'cursor',
      /indexer_state holds no block/,
    ],
    [
      'source away: the RPC node',
      () => ({
        rpc: () => {
          throw new RpcRefusal(-32603, 'internal error');
        },
      }),
      { cursor: 'block', events: 'block' },
      'events',
      /RPC node/,
    ],
    [
      'source away: the database',
      () => ({ databaseAway: true }),
      { 'older rows': 'block', cursor: 'block', kinds: 'block', events: 'block' },
      'kinds',
      /PostgreSQL|database/i,
    ],
    [
      'the indexer was stopped by hand: the way to start it is named',
      () => ({ unit: 'inactive', processes: 0 }),
      { services: 'block' },
      'services',
      /systemctl start tempovault-indexer/,
    ],
    ['two indexers', () => ({ processes: 2 }), { services: 'block' }, 'services', /with 2 processes/],
    ['another START_BLOCK', () => ({ startBlock: '7' }), { env: 'block' }, 'env', /START_BLOCK is 7/],
    [
      'fewer rows than before, and nobody knows whether they were on the chain',
      () => ({
        facts: (was) => ({
          ...was,
          database: {
            ...was.database,
            surplus: null,
            kinds: was.database.kinds.map((kind) => ({ ...kind, inRange: kind.inRange + 1 })),
          },
        }),
      }),
      { kinds: 'block' },
      'kinds',
      /unknown: not established before the clearing/,
    ],
  ];
  it.each(wrongWorlds)('%s → not verified', async (_, make, states, id, says) => {
    const found = await look(make());
    expect(found.states).toEqual({ ...allPass, ...states });
    expect(JSON.stringify(found.of(id))).toMatch(says);
  });

  const undoWorlds: readonly (readonly [string, () => World, RegExp])[] = [
    [
      'rows of one block are missing, and more were indexed since',
      () => ({
        ...gone(`block_number = ${middle()}`),
        // What the indexer has added since must not hide their loss.
        facts: (was) => ({ ...was, database: { ...was.database, clear: was.database.clear - 500 } }),
      }),
      /fewer rows than before the run.*before, \d+ now/,
    ],
    [
      'rows of a kind are missing in its own table alone',
      () => ({
        ...lostDeposit,
        facts: (was) => ({ ...was, database: { ...was.database, clear: was.database.clear - 500 } }),
      }),
      /rows of before the run are missing: 1 of deposits/,
    ],
    [
      'the cursor is behind',
      () => ({
        damage: [`UPDATE indexer_state SET last_indexed_block = ${head - 30}`],
        mend: [`UPDATE indexer_state SET last_indexed_block = ${head}`],
        facts: (was) => ({ ...was, database: { ...was.database, cursor: head } }),
      }),
      /the cursor is at block/,
    ],
  ];
  it.each(undoWorlds)('after an undo, %s → not as before', async (_, make, says) => {
    const { checkUndone } = clearRows(facts);
    expect(checkUndone).toBeDefined();
    const asBefore = await inWorld({}, (ctx) => clearRows(facts).checkUndone?.(ctx) ?? Promise.reject());
    expect(asBefore).toMatchObject({ status: 'pass' });
    const wrong = make();
    const found = await inWorld(
      wrong,
      (ctx) => clearRows(wrong.facts?.(facts) ?? facts).checkUndone?.(ctx) ?? Promise.reject(),
    );
    expect(found).toMatchObject({ status: 'block' });
    expect(JSON.stringify(found)).toMatch(says);
  });

  it('fewer rows than before, all of them known not to be on the chain → verified', async () => {
    const { states, of } = await look({
      facts: (was) => ({
        ...was,
        database: {
          ...was.database,
          surplus: { Deposited: 2 },
          kinds: was.database.kinds.map((kind) =>
            kind.kind === 'Deposited' ? { ...kind, inRange: kind.inRange + 2 } : kind,
          ),
        },
      }),
    });
    expect(states).toEqual(allPass);
    expect(of('kinds').summary).toContain('2 that are not on the chain are gone');
  });

  it('rests its plan id on what the plan rests on, and not on what moves by itself', () => {
    const basis = (change: (facts: ReindexFacts) => ReindexFacts) =>
      JSON.stringify(reindex.basis(change(facts)));
    const same = basis((was) => was);
    const matters: Record<string, (was: ReindexFacts) => ReindexFacts> = {
      fromBlock: (was) => ({ ...was, fromBlock: was.fromBlock + 1 }),
      truncate: (was) => ({ ...was, truncate: true }),
      wait: (was) => ({ ...was, wait: false }),
      unit: (was) => ({ ...was, indexer: { ...was.indexer, unit: 'other' } }),
      'was active': (was) => ({ ...was, indexer: { ...was.indexer, wasActive: false } }),
      'chain id': (was) => ({ ...was, chain: { ...was.chain, id: 1 } }),
      contracts: (was) => ({ ...was, chain: { ...was.chain, contracts: [] } }),
      database: (was) => ({ ...was, database: { ...was.database, identity: 'other' } }),
      schema: (was) => ({
        ...was,
        database: { ...was.database, schema: { ...was.database.schema, fingerprint: 'other' } },
      }),
      'rows that stay': (was) => ({ ...was, database: { ...was.database, keep: was.database.keep + 1 } }),
      'env file': (was) => ({ ...was, env: { ...was.env, file: '/other' } }),
      'START_BLOCK before': (was) => ({ ...was, env: { ...was.env, before: null } }),
      'START_BLOCK after': (was) => ({ ...was, env: { ...was.env, after: '1' } }),
      'backup folder': (was) => ({ ...was, backup: { ...was.backup, directory: '/other' } }),
    };
    for (const [name, change] of Object.entries(matters)) expect(basis(change), name).not.toBe(same);
    const moves: Record<string, (was: ReindexFacts) => ReindexFacts> = {
      head: (was) => ({ ...was, chain: { ...was.chain, head: was.chain.head + 1 } }),
      cursor: (was) => ({ ...was, database: { ...was.database, cursor: 1 } }),
      'rows to clear': (was) => ({ ...was, database: { ...was.database, clear: 1 } }),
      'PostgreSQL and its programs': (was) => ({
        ...was,
        backup: {
          ...was.backup,
          server: { version: '16.4', major: 16 },
          tools: { ...was.backup.tools, major: 16, cores: 32 },
        },
      }),
      'rows by kind': (was) => ({ ...was, database: { ...was.database, kinds: [], kindsUpTo: 1 } }),
    };
    for (const [name, change] of Object.entries(moves)) expect(basis(change), name).toBe(same);
    expect(last()).toBeGreaterThan(middle());
  });
});
