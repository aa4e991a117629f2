import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectDatabase } from '../../src/database/connectDatabase.ts';
import { awaitProgress } from '../../src/operations/indexer/awaitProgress.ts';
import { checkWriting } from '../../src/operations/indexer/checkWriting.ts';
import type { Context, Database, Host } from '../../src/runbook/context.ts';
import { fillRawAndKinds } from '../support/eventTables.ts';
import { DrivenClock } from '../support/fakes.ts';
import { startPostgres, type TestDatabase, type TestPostgres } from '../support/postgres.ts';

let postgres: TestPostgres;
let live: TestDatabase;
let database: Database;
let env: string;
/** Lines of the indexer's journal. */
let journal: readonly string[];
let clock: DrivenClock;

beforeAll(async () => {
  postgres = await startPostgres();
  live = await postgres.createDatabase('raw-and-kinds');
  await live.admin(fillRawAndKinds(1, 5));
  database = connectDatabase({ url: live.url, timeoutMs: 5_000, applicationName: 'tv' });
});
beforeEach(() => {
  env = 'POLL_INTERVAL=1\n';
  journal = [];
  clock = new DrivenClock(Date.parse('2026-11-29T02:00:00Z'));
});
afterEach(async () => {
  for (const reset of [
    'ROLE tempovault',
    `ROLE tempovault IN DATABASE ${live.name}`,
    `DATABASE ${live.name}`,
    'ROLE ALL',
  ])
    await admin(`ALTER ${reset} RESET default_transaction_read_only`);
});
afterAll(async () => {
  await database?.close();
  await postgres?.stop();
});

/** Whatever the settings say: this transaction may write. */
const admin = (text: string) => live.admin(`SET transaction_read_only = off; ${text}`);

/** A host with a `.env` and a journal. */
const run: Host['run'] = async (command) => {
  if (command[0] === 'journalctl') {
    const stdout = journal
      .map((MESSAGE) => JSON.stringify({ MESSAGE, __REALTIME_TIMESTAMP: '1790000000000000', PRIORITY: '6' }))
      .join('\n');
    return { exitCode: 0, stdout, stderr: '' } as never;
  }
  if (command[0] === 'sh') {
    const text = Buffer.from(env).toString('base64');
    return { exitCode: 0, stdout: `600 0 0\nroot\nroot\n${text}\n`, stderr: '' } as never;
  }
  return { exitCode: 0, stdout: 'running\n', stderr: '' } as never;
};

const context = () =>
  ({
    clock,
    signal: new AbortController().signal,
    database: () => database,
    host: () => ({ prefix: [], run }),
    settings: { host: { envFile: '/x/.env', units: { indexer: 'tempovault-indexer' } } },
  }) as unknown as Context;

describe('a setting that keeps the indexer from writing', () => {
  it.each([
    ['nothing set', [], undefined],
    ['of the database', ['DATABASE DB'], 'ALTER DATABASE DB RESET'],
    ['of the role', ['ROLE tempovault'], 'ALTER ROLE tempovault RESET'],
    [
      'of the role in the database',
      ['ROLE tempovault IN DATABASE DB'],
      'ALTER ROLE tempovault IN DATABASE DB RESET',
    ],
    ['of every role', ['ROLE ALL'], 'ALTER ROLE ALL RESET'],
    ['of another role', ['ROLE postgres'], undefined],
  ] as const)('%s', async (_, set, reset) => {
    for (const one of set)
      await admin(`ALTER ${one.replace('DB', live.name)} SET default_transaction_read_only = on`);
    const found = await checkWriting(context(), database, live.name);
    await admin('ALTER ROLE postgres RESET default_transaction_read_only');
    expect(found.status).toBe(reset === undefined ? 'pass' : 'block');
    if (reset === undefined) return;
    const statement = `${reset.replace('DB', live.name)} default_transaction_read_only`;
    // For every role also that of the remedy's own session.
    const env = reset.includes('ALL') ? "env PGOPTIONS='-c default_transaction_read_only=off' " : '';
    expect(found.next).toEqual([{ shell: `sudo -u postgres ${env}psql -c '${statement}'`, on: 'host' }]);
    await admin(statement);
    expect((await checkWriting(context(), database, live.name)).status).toBe('pass');
  });

  it('outranked by the role, by the URL of the indexer; of the role in that URL', async () => {
    await admin(`ALTER DATABASE ${live.name} SET default_transaction_read_only = on`);
    await admin('ALTER ROLE tempovault SET default_transaction_read_only = off');
    expect((await checkWriting(context(), database, live.name)).status).toBe('pass');
    env = `INDEXER_DB_URL=postgresql://writer:x@127.0.0.1/${live.name}\n`;
    expect((await checkWriting(context(), database, live.name)).status).toBe('block');
    env = `INDEXER_DB_URL=postgresql://writer:x@127.0.0.1/${live.name}?options=-c%20default_transaction_read_only%3Doff\n`;
    expect((await checkWriting(context(), database, live.name)).status).toBe('pass');
  });
});

describe('the progress of the indexer after a restore', () => {
  it('a cursor beyond that of the backup: seen at once', async () => {
    expect(await awaitProgress(context(), 1, clock.now())).toMatchObject({
      status: 'pass',
      summary: expect.stringMatching(/^the indexer makes progress: from block 1 to \d/),
    });
  });

  it('a cursor that stays where it was: not seen, with the last error of the journal', async () => {
    journal = ['ERROR Error in indexing loop: cannot execute UPDATE in a read-only transaction'];
    const found = await awaitProgress(context(), null, clock.now());
    expect(found.status).toBe('block');
    expect(found.summary).toMatch(
      /^no progress of the indexer was seen for 15 s .*; last error in its journal, .*: .*cannot execute UPDATE in a read-only transaction$/,
    );
  });
});
