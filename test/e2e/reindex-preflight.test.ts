import { chmodSync, mkdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { rpc } from '../../src/sandbox/chain/rpc.ts';
import { systemdObstacle } from '../../src/sandbox/machine/systemdObstacle.ts';
import { readPassword } from '../../src/sandbox/passwords.ts';
import { sandboxPaths } from '../../src/sandbox/paths.ts';
import { type RpcFault, writeFaults } from '../../src/sandbox/services/faults.ts';
import { contentOf, countEvents, newestBlock, readEventRows } from '../support/eventRows.ts';
import { startSandbox, type TestSandbox } from '../support/sandbox.ts';
import { until } from '../support/until.ts';
import { auditEntries, flat, marked, type Witness, witness } from '../support/witness.ts';

const from = 1_000;
const obstacle = await systemdObstacle();

interface Blocked {
  /** Ids of all checks that block, in the order of the screen. */
  readonly checks: readonly string[];
  /** What an operator has to read, line breaks apart. */
  readonly says: readonly (string | RegExp)[];
  /** The remedy, as printed after `Next:`. */
  readonly next: readonly string[];
  readonly fromBlock?: number | string;
  readonly args?: readonly string[];
  /** The switch that is offered; none where nothing else would help. */
  readonly override?: string;
  /** Makes it so. @returns its undo */
  // biome-ignore lint/suspicious/noConfusingVoidType: most have nothing to undo
  arrange?(): Promise<(() => Promise<unknown>) | void>;
}

describe.skipIf(obstacle !== undefined)('tv reindex, before it begins', () => {
  let sandbox: TestSandbox;
  let before: Witness;
  /** When the newest block was last known to be new. */
  let headFrom = 0;

  beforeAll(async () => {
    sandbox = await startSandbox({ past: 'whole' });
    // Nothing in the sandbox changes, so that "nothing changed" can be meant to the letter.
    const chain = `http://127.0.0.1:${sandbox.info.ports.chain}`;
    await sandbox.systemctl('kill', '--signal=SIGSTOP', 'tempovault-oracle');
    await rpc(chain, 'evm_setIntervalMining', [0]);
    await freshHead(chain);
    expect(before.journals).toEqual([]);
  });
  // A head of more than a minute blocks by itself, and all these tests together take longer than that.
  beforeEach(async () => {
    if (Date.now() - headFrom < 25_000) return;
    const chain = `http://127.0.0.1:${sandbox.info.ports.chain}`;
    await rpc(chain, 'evm_mine', []);
    await freshHead(chain);
  });
  afterAll(() => sandbox?.stop());

  async function freshHead(chain: string): Promise<void> {
    headFrom = Date.now();
    // A transaction that was on its way may still add a block.
    const isAtHead = async () => (await cursor()) === Number(await rpc(chain, 'eth_blockNumber'));
    await until(isAtHead, { limitMs: 20_000, what: 'the indexer at the head' });
    before = await witness(sandbox);
  }

  async function cursor(): Promise<number> {
    const [row] = await sandbox.sql<{ block: number }>(
      'SELECT last_indexed_block::int AS block FROM indexer_state',
    );
    return row?.block ?? Number.NaN;
  }

  function reindex(fromBlock: number | string, ...args: readonly string[]) {
    return sandbox.tv([
      'reindex',
      '--in-place',
      '--from-block',
      String(fromBlock),
      '--confirm',
      'sandbox',
      ...args,
    ]);
  }

  async function expectBlocked({ arrange, ...blocked }: Blocked): Promise<void> {
    const entries = auditEntries(sandbox).length;
    const undo = await arrange?.();
    const { exitCode, stdout, stderr } = await reindex(
      blocked.fromBlock ?? from,
      ...(blocked.args ?? []),
    ).finally(() => undo?.());
    expect(exitCode, stderr).toBe(3);
    expect(stdout).toBe('');
    expect(marked(stderr, '✖'), stderr).toEqual(blocked.checks);
    for (const words of blocked.says) expect(flat(stderr)).toMatch(asPattern(words));

    const ending = stderr.slice(stderr.lastIndexOf('✖ Blocked by'));
    const [only] = blocked.checks;
    expect(ending).toContain(
      blocked.checks.length === 1
        ? `Blocked by the check "${only}"; nothing was changed.`
        : `Blocked by ${blocked.checks.length} checks; nothing was changed.`,
    );
    // What this call was given with --set goes along.
    const next = flat(ending.slice(ending.indexOf('Next:')))
      .replaceAll(/ ('--set=[^']*'|--set=\S+)/g, '')
      .replaceAll('tv -e sandbox ', 'tv ');
    for (const words of blocked.next) expect(next).toContain(words);
    if (blocked.override === undefined) expect(next).not.toContain('--override');
    else expect(next).toMatch(new RegExp(`to overrule: tv .* --override ${blocked.override} --reason "…"`));

    const audit = auditEntries(sandbox);
    expect(audit).toHaveLength(entries + 1);
    expect(audit.at(-1)).toMatchObject({
      command: 'reindex',
      outcome: 'refused',
      exitCode: 3,
      run: null,
      reason: expect.stringContaining('nothing was changed'),
    });
    expect(await witness(sandbox)).toEqual(before);
  }

  const inside = async (...command: readonly string[]) => {
    const done = await sandbox.inside(...command);
    expect(done.exitCode, done.stderr).toBe(0);
    return done.stdout;
  };
  const faulty = (...faults: readonly RpcFault[]) => {
    const file = sandboxPaths(sandbox.dir).faults;
    writeFaults(file, faults);
    return async () => writeFaults(file, []);
  };
  const mounted = async (path: string, ...options: readonly string[]) => {
    await inside('mkdir', '-p', path);
    await inside('mount', '-t', 'tmpfs', ...options, 'tmpfs', path);
    return () => inside('umount', path);
  };
  const asSuperuser = async (statement: string, back: string) => {
    await sandbox.sql(statement, [], 'postgres');
    return () => sandbox.sql(back, [], 'postgres');
  };
  const prefix = () => sandbox.info.machine.prefix.join(' ');
  /** A program of the test's own, where the sandbox sees it. */
  const program = (path: string, text: string) => {
    const file = join(sandbox.dir, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    return file;
  };

  describe('the chain', () => {
    it('a block above the head', () =>
      expectBlocked({
        fromBlock: '99_999_999',
        checks: ['chain', 'cursor'],
        says: [/block 99 999 999 is above the head, 2 \d{3}/],
        next: ['begin at a block that exists'],
      }));

    it('a block that the node has pruned; it says from where on it could', () =>
      expectBlocked({
        arrange: async () => faulty({ mode: 'prune', below: 1_234 }),
        checks: ['chain'],
        says: ['block 1 000 and its logs are not served by this node, only from block 1 234 on'],
        next: ['archive node', 'tv reindex --from-block 1234'],
      }));

    it('another chain', () =>
      expectBlocked({
        arrange: async () => faulty({ mode: 'wrong-chain', id: 1 }),
        checks: ['chain'],
        says: ['The RPC node is on chain 1, not 31337', /node: http:\/\/127\.0\.0\.1:\d+/],
        next: ['set RPC_URL to a node of chain 31337, or mend CHAIN_ID: tv config show'],
      }));

    it('a node that hangs', () =>
      expectBlocked({
        arrange: async () => faulty({ mode: 'hang' }),
        checks: ['chain'],
        says: ['The RPC node did not answer in time.'],
        next: ['tv config show'],
      }));

    it('a node that answers 429', () =>
      expectBlocked({
        arrange: async () => faulty({ mode: 'rate-limit' }),
        checks: ['chain'],
        says: ['The RPC node refuses more requests for now: a rate limit.', 'HTTP 429', 'asks to wait: 1 s'],
        next: ['wait 1 s and run the command again, or add a second RPC URL'],
      }));

    it('a node that answers with a web page', () =>
      expectBlocked({
        arrange: async () => faulty({ mode: 'html' }),
        checks: ['chain'],
        says: ['answered with a web page instead of JSON-RPC', '502 Bad Gateway'],
        next: ['tv config show'],
      }));

    it('a node that is down', () =>
      expectBlocked({
        arrange: async () => faulty({ mode: 'stop' }),
        checks: ['chain'],
        says: [/The RPC node (closed the connection|cannot be reached)/],
        next: ['tv config show'],
      }));
  });

  describe('the host', () => {
    it('a unit that is not installed', () =>
      expectBlocked({
        args: ['--set', 'host.units.indexer=tempovault-indexer-v2'],
        checks: ['services'],
        says: ['tempovault-indexer-v2 is not installed here'],
        next: ['systemctl list-units --all', 'tv config show'],
      }));

    it('a second indexer, which it names', async () => {
      const { dir, info } = sandbox;
      let pid = '';
      await expectBlocked({
        arrange: async () => {
          const start = `set -a; . "$1"; setsid "$2" "$3" </dev/null >/dev/null 2>&1 & echo $!`;
          const file = join(dir, 'programs', 'event_indexer.js');
          pid = (await inside('sh', '-c', start, 'sh', info.files.envFile, process.execPath, file)).trim();
          await until(async () => (await inside('cat', `/proc/${pid}/cmdline`)).includes('event_indexer'), {
            limitMs: 5_000,
            what: 'the second indexer',
          });
          return async () => {
            await inside('kill', pid);
            await until(async () => (await sandbox.inside('test', '-e', `/proc/${pid}`)).exitCode !== 0, {
              limitMs: 5_000,
              what: 'its end',
            });
          };
        },
        checks: ['services'],
        says: [
          'an indexer runs that does not belong to tempovault-indexer; there must never be two',
          /process \d+: \S+ \S+event_indexer\.js, of root, no unit/,
          /process \d+: \S+ \S+event_indexer\.js, of \w+, tempovault-indexer\.service/,
        ],
        next: ['end what does not belong to the unit: kill '],
      });
      expect(pid).toMatch(/^\d+$/);
    });

    it('no systemd', () =>
      expectBlocked({
        args: [
          '--set',
          // What makes systemctl say so is that /run/systemd/system is not there (sd_booted(3)).
          `host.prefix=${program('bin/without-systemd', `exec ${prefix()} unshare -m sh -c 'mount -t tmpfs tmpfs /run && exec "$@"' sh "$@"`)}`,
        ],
        checks: ['services'],
        says: ['no systemd on this host, so the indexer cannot be stopped'],
        next: ['run tv on the host of the services, or set host.prefix: tv config show'],
      }));

    it('no .env', () =>
      expectBlocked({
        arrange: async () => {
          const { envFile } = sandbox.info.files;
          renameSync(envFile, join(sandbox.dir, 'env-away'));
          return async () => renameSync(join(sandbox.dir, 'env-away'), envFile);
        },
        checks: ['env', 'server'],
        says: [/tempovault\/\.env does not exist on the host/, 'database.url is not set'],
        next: ['see which path is set: tv config show'],
      }));

    it('a .env that is a folder', () =>
      expectBlocked({
        arrange: async () => {
          const { envFile } = sandbox.info.files;
          renameSync(envFile, join(sandbox.dir, 'env-away'));
          mkdirSync(envFile);
          return async () => {
            rmdirSync(envFile);
            renameSync(join(sandbox.dir, 'env-away'), envFile);
          };
        },
        checks: ['env', 'server'],
        says: [/tempovault\/\.env is not a regular file/],
        next: ['ls -ld '],
      }));

    it('a user who may neither read .env nor write backups', () =>
      expectBlocked({
        args: ['--set', `host.prefix=${prefix()} setpriv --reuid=65534 --regid=65534 --clear-groups`],
        checks: ['services', 'env', 'server', 'backup'],
        says: [/\.env may not be read by this user/, /backup is not writable/],
        next: ['ls -ld ', 'tv config show'],
        arrange: async () => {
          const home = join(sandbox.dir, '..', '..');
          chmodSync(home, 0o711);
          return async () => chmodSync(home, 0o700);
        },
      }));

    it('a folder of .env that cannot be written to', () =>
      expectBlocked({
        arrange: async () => {
          const folder = dirname(sandbox.info.files.envFile);
          await inside('mount', '--bind', folder, folder);
          await inside('mount', '-o', 'remount,bind,ro', folder);
          return () => inside('umount', folder);
        },
        checks: ['env'],
        says: ['.env cannot be replaced: its folder is not writable'],
        next: ['tv config show'],
      }));

    it('a .env that is a bind mount', () =>
      expectBlocked({
        arrange: async () => {
          const { envFile } = sandbox.info.files;
          await inside('mount', '--bind', envFile, envFile);
          return () => inside('umount', envFile);
        },
        checks: ['env'],
        says: ['.env cannot be replaced: it is a mount point (bind mount)'],
        next: ['umount '],
      }));

    it('START_BLOCK twice', async () => {
      const { envFile } = sandbox.info.files;
      const text = readFileSync(envFile, 'utf8');
      const line = text.split('\n').findIndex((each) => each.startsWith('START_BLOCK=')) + 1;
      await expectBlocked({
        arrange: async () => {
          writeFileSync(envFile, `${text}START_BLOCK=5\n`);
          return async () => writeFileSync(envFile, text);
        },
        checks: ['env'],
        says: ['START_BLOCK is set more than once in .env', `lines: ${line}, ${text.split('\n').length}`],
        next: ['leave one line with START_BLOCK'],
      });
    });
  });

  describe('the database', () => {
    it('away', () =>
      expectBlocked({
        arrange: async () => {
          await inside('systemctl', 'stop', 'sandbox-database');
          return async () => {
            await inside('systemctl', 'start', 'sandbox-database');
            await until(async () => (await cursor()) > 0, { limitMs: 15_000, what: 'the database' });
          };
        },
        checks: ['server'],
        says: [/Nothing listens for the database on 127\.0\.0\.1:\d+/, 'schema skipped: needs server'],
        next: ['systemctl status postgresql'],
      }));

    it('a password that it does not take', async () => {
      const own = readPassword(sandboxPaths(sandbox.dir), 'tempovault').replaceAll("'", "''");
      await expectBlocked({
        arrange: () =>
          asSuperuser(
            `ALTER ROLE tempovault PASSWORD 'another-one'`,
            `ALTER ROLE tempovault PASSWORD '${own}'`,
          ),
        checks: ['server'],
        says: [/The database on 127\.0\.0\.1:\d+ does not let tempovault in/],
        next: ['tv config show'],
      });
    });

    it.each([
      ['DELETE ON deposits', 'deposits: DELETE (to clear)'],
      ['SELECT ON events', 'events: SELECT (to back up, clear)'],
      ['UPDATE ON indexer_state', 'indexer_state: UPDATE (to clear)'],
    ])('a role without %s', (right, says) =>
      expectBlocked({
        arrange: () => asSuperuser(`REVOKE ${right} FROM tempovault`, `GRANT ${right} TO tempovault`),
        checks: ['rights'],
        says: ['tempovault lacks rights on 1 of the tables', says],
        next: ["have them granted by the tables' owner"],
      }),
    );

    it('a setting that keeps the indexer from writing, which tv itself overrules', () =>
      expectBlocked({
        arrange: () => {
          const setting = 'ROLE tempovault IN DATABASE tempovault';
          return asSuperuser(
            `ALTER ${setting} SET default_transaction_read_only = on`,
            `ALTER ${setting} RESET default_transaction_read_only`,
          );
        },
        checks: ['writing'],
        says: ['default_transaction_read_only is on for the role tempovault in the database tempovault'],
        next: ['ALTER ROLE tempovault IN DATABASE tempovault RESET default_transaction_read_only'],
      }));

    it('a foreign table that refers to an event table', () =>
      expectBlocked({
        arrange: async () => {
          await sandbox.sql(
            'CREATE TABLE invoices (id int PRIMARY KEY, deposit int REFERENCES deposits (id))',
          );
          return () => sandbox.sql('DROP TABLE invoices');
        },
        checks: ['schema'],
        says: ['other tables refer to the event tables public.invoices: → public.deposits'],
        next: ['drop or move those tables first'],
      }));

    it('a table that looks like an event table and is none that tv knows', () =>
      expectBlocked({
        arrange: async () => {
          await sandbox.sql(
            'CREATE TABLE invoices (id int PRIMARY KEY, event_id int REFERENCES events (id))',
          );
          return () => sandbox.sql('DROP TABLE invoices');
        },
        checks: ['schema'],
        says: ['invoices: would be cleared too, and nothing says that the indexer fills it again'],
        next: ["psql -c '\\d+ invoices'"],
        override: 'unknown-tables',
      }));

    it('a block that the indexer has not come to; offers to skip those between', async () => {
      const [state] = await sandbox.sql<{ state: object }>(
        'SELECT to_jsonb(s) AS state FROM indexer_state s',
      );
      await expectBlocked({
        fromBlock: 2_000,
        arrange: async () => {
          await inside('systemctl', 'kill', '--signal=SIGSTOP', 'tempovault-indexer');
          await sandbox.sql('UPDATE indexer_state SET last_indexed_block = 1500');
          return async () => {
            await sandbox.sql(
              `UPDATE indexer_state SET (last_indexed_block, last_indexed_at) =
                 (SELECT last_indexed_block, last_indexed_at FROM jsonb_populate_record(NULL::indexer_state, $1))`,
              [JSON.stringify(state?.state)],
            );
            await inside('systemctl', 'kill', '--signal=SIGCONT', 'tempovault-indexer');
          };
        },
        checks: ['cursor'],
        says: ['the indexer is only at block 1 500: the blocks up to 1 999 would never be indexed'],
        next: ['tv status', 'or begin at block 1501 at most'],
        override: 'skip-blocks',
      });
    });
  });

  describe('the backup', () => {
    it('no folder', () =>
      expectBlocked({
        args: ['--backup-dir', '/run/nowhere'],
        checks: ['backup'],
        says: ['the backup folder /run/nowhere does not exist'],
        next: ['mkdir -p /run/nowhere', '--backup-dir'],
      }));

    it('a folder that only reads', () =>
      expectBlocked({
        args: ['--backup-dir', '/run/only-reads'],
        arrange: () => mounted('/run/only-reads', '-o', 'ro'),
        checks: ['backup'],
        says: ['the backup folder /run/only-reads is not writable'],
        next: ['findmnt -T /run/only-reads', '--backup-dir'],
      }));

    it('a folder that is too small; offers to try all the same', () =>
      expectBlocked({
        args: ['--backup-dir', '/run/too-small'],
        arrange: () => mounted('/run/too-small', '-o', 'size=4m'),
        checks: ['backup'],
        says: [/\/run\/too-small has 4\.0 MiB free, needs about \d/],
        next: ['df -h /run/too-small', '--backup-dir'],
        override: 'backup-space',
      }));
  });

  describe('overruling', () => {
    it('does not help where a check cannot be overruled', async () => {
      await expectBlocked({
        args: ['--override', 'chain', '--reason', 'in a hurry'],
        arrange: async () => faulty({ mode: 'wrong-chain', id: 1 }),
        checks: ['chain'],
        says: ['--override chain: nothing here is overruled by that name'],
        next: ['tv config show'],
      });
    });

    it('--truncate would lose older history, and is offered by its name', () =>
      expectBlocked({
        args: ['--truncate'],
        checks: ['rows'],
        says: [/--truncate would lose \d[\d ]* rows older than block 1 000/],
        next: ['leave --truncate out'],
        override: 'older-history',
      }));

    it('needs a reason', async () => {
      const { exitCode, stderr } = await reindex(from, '--truncate', '--override', 'older-history');
      expect(exitCode).toBe(2);
      expect(flat(stderr)).toContain('--override needs a --reason; it is kept in the audit log.');
      expect(flat(stderr)).toMatch(/Next: tv .*reindex .*--override older-history --reason "…"/);
      expect(auditEntries(sandbox).at(-1)).toMatchObject({ exitCode: 2 });
      expect(await witness(sandbox)).toEqual(before);
    });

    it('with both it is done; the reason is in the audit log and in the report', async () => {
      const last = 2_000;
      const rows = await readEventRows(sandbox);
      expect(countEvents(rows, (block) => block < last)).toBeGreaterThan(1_000);
      const reason = 'history before 2 000 is archived, ticket OPS-118';
      const done = await reindex(last, '--truncate', '--override', 'older-history', '--reason', reason);
      expect(done.exitCode, done.stderr).toBe(0);
      expect(flat(done.stderr)).toContain(`(overruled: ${reason})`);

      const now = await readEventRows(sandbox);
      expect(countEvents(now, (block) => block < last)).toBe(0);
      expect(newestBlock(now)).toBe(newestBlock(rows));
      const kept = (block: number) => block >= last;
      expect(contentOf(now, kept)).toEqual(contentOf(rows, kept));

      const entry = auditEntries(sandbox).at(-1);
      expect(entry).toMatchObject({
        outcome: 'verified',
        exitCode: 0,
        overrides: [{ check: 'older-history', reason }],
      });
      const report = await sandbox.tv(['runs', 'report', entry?.run ?? '', '--out', sandbox.dir]);
      expect(report.exitCode, report.stderr).toBe(0);
      for (const ending of ['md', 'html']) {
        expect(flat(readFileSync(join(sandbox.dir, `${entry?.run}.${ending}`), 'utf8'))).toContain(reason);
      }
    }, 120_000);

    it('the audit log with all that was refused is whole', async () => {
      const { exitCode, stdout } = await sandbox.tv(['audit', 'verify']);
      expect(exitCode, stdout).toBe(0);
    });
  });
});

function asPattern(words: string | RegExp): RegExp {
  return typeof words === 'string' ? new RegExp(words.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')) : words;
}
