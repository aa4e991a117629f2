import { checkChainIds } from '../../src/chain/checkChainIds.ts';
import { indexedEvents } from '../../src/chain/events.ts';
import { probeHistory } from '../../src/chain/probeHistory.ts';
import { readHead } from '../../src/chain/readHead.ts';
import type { Address } from '../../src/config/settings.ts';
import { checkRights } from '../../src/database/checkRights.ts';
import { countRows } from '../../src/database/countRows.ts';
import { readCursor } from '../../src/database/readCursor.ts';
import { readEventSchema } from '../../src/database/readEventSchema.ts';
import { readServer } from '../../src/database/readServer.ts';
import { detectSystemd } from '../../src/host/detectSystemd.ts';
import { listProcesses } from '../../src/host/listProcesses.ts';
import { readDirectory } from '../../src/host/readDirectory.ts';
import { readDisk } from '../../src/host/readDisk.ts';
import { readEnvFile } from '../../src/host/readEnvFile.ts';
import { readToolVersion } from '../../src/host/readToolVersion.ts';
import { readUnit } from '../../src/host/readUnit.ts';
import type { Context } from '../../src/runbook/context.ts';
import type { PreflightResult } from '../../src/runbook/define.ts';
import { block, Lookout, need, pass, warn } from '../../src/runbook/lookout.ts';
import { ago, bytes, count } from '../../src/runbook/text.ts';
import type { ReindexFacts } from './facts.ts';

export interface ReindexInput {
  readonly fromBlock: number;
  readonly truncate: boolean;
  readonly backupDir?: string | undefined;
  readonly wait: boolean;
  readonly timeout: number;
}

/**
 * Room for the backup: pg_dump compresses and leaves indexes out, so half of the database's size is
 * more than it has been seen to need; 32 MiB on top for a small one.
 */
const backupShare = 0.5;
const backupMarginBytes = 32 * 1024 ** 2;

const purposeWords = { clear: 'clear', backup: 'back up', restore: 'put back' } as const;

/** Tables that the indexer is known to fill, those of RUNBOOK.md (section 1, step 3) included. */
const knownTables = new Set([...indexedEvents.map(({ table }) => table), 'rebalances']);

/** A count over a large table takes its time; past this the answer would be stale anyway. */
const countLimitMs = 600_000;

/** Everything that could go wrong later is looked at now, all at once. */
export async function preflight(ctx: Context, input: ReindexInput): Promise<PreflightResult<ReindexFacts>> {
  const { fromBlock, truncate, wait } = input;
  const { settings } = ctx;
  const lookout = new Lookout(ctx);

  const indexer = lookout.look('services', 'host', async () => {
    const host = ctx.host();
    const unit = settings.host.units.indexer;
    const program = settings.host.programs.indexer;
    const systemd = await detectSystemd(host);
    if (!systemd.available) {
      return block('no systemd on this host, so the indexer cannot be stopped', {
        facts: { systemd: systemd.reason },
        next: ['run tv on the host of the services, or set host.prefix: tv config show'],
      });
    }
    const [state, processes] = await Promise.all([
      readUnit(host, { unit }),
      listProcesses(host, { program }),
    ]);
    if (state.loadState !== 'loaded') {
      return block(`${unit} is not installed here (${state.loadState})`, {
        next: [
          'see what the unit is called: systemctl list-units --all',
          'set host.units.indexer: tv config show',
        ],
      });
    }
    const strangers = processes.filter((process) => process.unit !== `${unit}.service`);
    if (strangers.length > 0 || processes.length > 1) {
      return block(
        strangers.length > 0
          ? `an indexer runs that does not belong to ${unit}; there must never be two`
          : `${unit} has ${processes.length} processes of the indexer; there must never be two`,
        {
          facts: Object.fromEntries(
            processes.map(({ pid, command, user, unit: of }) => [
              `process ${pid}`,
              `${command}, of ${user}, ${of ?? 'no unit'}`,
            ]),
          ),
          next:
            strangers.length > 0
              ? [`end what does not belong to the unit: kill ${strangers.map(({ pid }) => pid).join(' ')}`]
              : [`systemctl status ${unit}`],
        },
      );
    }
    const wasActive = state.activeState === 'active';
    const value = { unit, program, wasActive };
    if (!wasActive) {
      return warn(`${unit} is ${state.activeState}; it will run afterwards`, { value });
    }
    const lasting =
      state.since === undefined ? '' : ` for ${ago(state.since, ctx.clock.now())}`.replace(' ago', '');
    return pass(`${unit} active${lasting}, one process (${state.mainPid})`, value);
  });

  const env = lookout.look('env', 'host', async () => {
    const file = settings.host.envFile;
    const { entries } = await readEnvFile(ctx.host(), { path: file });
    const directory = await readDirectory(ctx.host(), { path: file.slice(0, file.lastIndexOf('/')) || '/' });
    const lines = entries.filter(({ key }) => key === 'START_BLOCK');
    if (lines.length > 1) {
      return block('START_BLOCK is set more than once in .env', {
        facts: { file, lines: lines.map(({ line }) => line).join(', ') },
        next: ['leave one line with START_BLOCK: programs differ in which one they take'],
      });
    }
    if (!directory.writable) {
      return block('.env cannot be replaced: its folder is not writable', {
        facts: { file },
        next: ['run tv as root, or set host.prefix to sudo -n: tv config show'],
      });
    }
    const before = lines[0]?.value ?? null;
    const after = String(Math.max(0, fromBlock - 1));
    const pollSeconds = Number(entries.find(({ key }) => key === 'POLL_INTERVAL')?.value ?? Number.NaN);
    const value = { file, before, after, pollSeconds: pollSeconds > 0 ? pollSeconds : 12 };
    return pass(`START_BLOCK ${before ?? 'is not set'}; the indexer reads from the block after it`, value);
  });

  const chain = lookout.look('chain', 'chain', async () => {
    const expected = settings.chain.id;
    if (expected === undefined) {
      return block('nobody says which chain this is', {
        next: ['set CHAIN_ID in .env, or chain.id: tv config show'],
      });
    }
    const [nodes, head] = await Promise.all([checkChainIds(ctx.chain()), readHead(ctx.chain())]);
    const wrong = nodes.find(({ id }) => id !== undefined && id !== expected);
    if (wrong !== undefined) {
      return block(`the RPC node is on chain ${wrong.id}, not ${expected}`, {
        facts: { node: wrong.url },
        next: [`set RPC_URL to a node of chain ${expected}, or mend CHAIN_ID: tv config show`],
      });
    }
    const contracts = Object.values(settings.contracts).filter((address) => address !== undefined);
    if (contracts.length === 0) {
      return block('no contract address is known', { next: ['set the addresses in .env: tv config show'] });
    }
    if (fromBlock > head.number) {
      return block(`block ${count(fromBlock)} is above the head, ${count(head.number)}`, {
        next: [`begin at a block that exists, ${head.number} at most`],
      });
    }
    const history = await probeHistory(ctx.chain(), { block: fromBlock });
    if (!history.served) {
      const { firstServed, reason = 'unknown' } = history;
      const later = firstServed === undefined ? '' : `, only from block ${count(firstServed)} on`;
      return block(`block ${count(fromBlock)} and its logs are not served by this node${later}`, {
        facts: { reason, node: ctx.chain().urls.join(', ') },
        next: [
          'set RPC_URL, or chain.rpcUrls, to a node with the full history (an archive node)',
          ...(firstServed === undefined ? [] : [`tv reindex --from-block ${firstServed}`]),
        ],
      });
    }
    const value = { id: expected, head: head.number, contracts: contracts as Address[] };
    return pass(`head ${count(head.number)}; block ${count(fromBlock)} and its logs are served`, value);
  });

  const server = lookout.look('server', 'database', async () => {
    const found = await readServer(ctx.database());
    if (found.inRecovery) {
      return block('this PostgreSQL is a read-only standby', {
        next: ['set INDEXER_DB_URL, or database.url, to the primary: tv config show'],
      });
    }
    return pass(`PostgreSQL ${found.version}, as ${found.user}`, found);
  });

  const schema = lookout.look('schema', 'database', async () => {
    await need(server, 'server');
    const found = await readEventSchema(ctx.database());
    if (found.dependents.length > 0) {
      return block('other tables refer to the event tables', {
        facts: Object.fromEntries(found.dependents.map(({ table, refersTo }) => [table, `→ ${refersTo}`])),
        next: ['drop or move those tables first: clearing would leave their rows without what they refer to'],
      });
    }
    const unknown = found.tables.filter(({ name, role }) => role !== 'raw' && !knownTables.has(name));
    if (unknown.length > 0) {
      const names = unknown.map(({ name }) => name).join(', ');
      return block(`${names}: would be cleared too, and nothing says that the indexer fills it again`, {
        value: found,
        next: [`see what it is: psql -c '\\d+ ${unknown[0]?.name}'`],
        override: 'unknown-tables',
      });
    }
    const missing =
      found.missing.length === 0 ? '' : `; ${found.missing.join(', ')} of the runbook: not here, left out`;
    const what =
      found.raw === null
        ? `${found.tables.length} event tables, no cursor`
        : `${found.raw.name} + ${found.tables.length - 1} tables`;
    return pass(`${what}${missing}`, found);
  });

  const rights = lookout.look('rights', 'database', async () => {
    const found = await need(schema, 'schema');
    const missing = await checkRights(ctx.database(), { schema: found });
    if (missing.length === 0) return pass('to read, clear, back up and put back: all there', true);
    const { user } = await need(server, 'server');
    const tables = [...new Set(missing.map(({ table }) => table))];
    const lacking = (table: string) => {
      const ofTable = missing.filter((right) => right.table === table);
      const privileges = [...new Set(ofTable.map(({ privilege }) => privilege))];
      const purposes = [...new Set(ofTable.map(({ purpose }) => purposeWords[purpose]))];
      return `${privileges.join(', ')} (to ${purposes.join(', ')})`;
    };
    return block(`${user} lacks rights on ${tables.length} of the tables`, {
      facts: Object.fromEntries(tables.slice(0, 8).map((table) => [table, lacking(table)])),
      next: [
        "have them granted by the tables' owner, or set INDEXER_DB_URL to connect as the owner: tv config show",
      ],
    });
  });

  const rows = lookout.look(
    'rows',
    'database',
    async () => {
      const found = await need(schema, 'schema');
      await need(rights, 'rights');
      const counts = await countRows(ctx.database(), { schema: found, fromBlock });
      if (!truncate) {
        const value = { clear: counts.clear, keep: counts.keep };
        return pass(
          `${count(counts.clear)} to clear from block ${count(fromBlock)} on; ${count(counts.keep)} older ones stay`,
          value,
        );
      }
      const value = { clear: counts.clear + counts.keep, keep: 0 };
      if (counts.keep === 0) return pass(`${count(value.clear)} to clear; none is older`, value);
      return block(`--truncate would lose ${count(counts.keep)} rows older than block ${count(fromBlock)}`, {
        value,
        facts: { 'they begin at': `block ${count(counts.lowestKept ?? 0)}` },
        next: ['leave --truncate out: older rows then stay'],
        override: 'older-history',
      });
    },
    countLimitMs,
  );

  const cursor = lookout.look('cursor', 'database', async () => {
    const found = await need(schema, 'schema');
    await need(rights, 'rights');
    if (found.cursor === null) return pass('none in this schema; START_BLOCK decides', { block: null });
    const now = await readCursor(ctx.database(), { schema: found });
    const value = { block: now?.block ?? null };
    if (now !== undefined && now.block < fromBlock - 1) {
      return block(
        `the indexer is only at block ${count(now.block)}: the blocks up to ${count(fromBlock - 1)} would never be indexed`,
        {
          value,
          next: ['let the indexer get there first: tv status', `or begin at block ${now.block + 1} at most`],
          override: 'skip-blocks',
        },
      );
    }
    return warn(`${found.cursor.name} outranks START_BLOCK: both will be set`, { value });
  });

  lookout.look('backup', 'host', async () => {
    const directory = input.backupDir ?? settings.backup.directory;
    const elsewhere = 'the same command with --backup-dir and another folder';
    const [state, pgDump, pgRestore, psql] = await Promise.all([
      readDirectory(ctx.host(), { path: directory }),
      readToolVersion(ctx.host(), { tool: 'pg_dump' }),
      readToolVersion(ctx.host(), { tool: 'pg_restore' }),
      readToolVersion(ctx.host(), { tool: 'psql' }),
    ]);
    if (!state.isDirectory) {
      return block(
        `the backup folder ${directory} ${state.exists ? 'is not a folder' : 'does not exist, or is not to be seen by this user'}`,
        {
          next: [`mkdir -p ${directory}`, elsewhere],
        },
      );
    }
    if (!state.writable) {
      return block(`the backup folder ${directory} is not writable`, {
        next: [`ls -ld ${directory}; findmnt -T ${directory}`, elsewhere],
      });
    }
    if (pgDump === undefined || pgRestore === undefined || psql === undefined) {
      return block("PostgreSQL's client programs are not installed on the host", {
        next: ['apt-get install postgresql-client'],
      });
    }
    const { major, version, sizeBytes } = await need(server, 'server');
    const [tool, old] = pgDump.major < major ? ['pg_dump', pgDump] : ['pg_restore', pgRestore];
    if (old.major < major) {
      return block(`${tool} ${old.major} is older than the server, ${version}, and refuses to work with it`, {
        facts: { [tool]: old.text },
        next: [`apt-get install postgresql-client-${major}, and have it first on the PATH of the host`],
      });
    }
    const needed = sizeBytes * backupShare + backupMarginBytes;
    const { freeBytes } = await readDisk(ctx.host(), { path: directory });
    const room = `${directory} has ${bytes(freeBytes)} free, needs about ${bytes(needed)}`;
    if (freeBytes < needed) {
      return block(room, { next: [`df -h ${directory}`, elsewhere], override: 'backup-space' });
    }
    return pass(`${room}; pg_dump ${pgDump.major} ≥ server ${major}`);
  });

  const checks = await lookout.checks();
  const known = {
    indexer: await indexer,
    env: await env,
    chain: await chain,
    schema: await schema,
    server: await server,
    rows: await rows,
    cursor: await cursor,
  };
  if (
    known.indexer === undefined ||
    known.env === undefined ||
    known.chain === undefined ||
    known.schema === undefined ||
    known.server === undefined ||
    known.rows === undefined ||
    known.cursor === undefined
  ) {
    return { checks, facts: undefined };
  }
  const { name } = ctx.database().target;
  const { pollSeconds, ...envFacts } = known.env;
  return {
    checks,
    facts: {
      fromBlock,
      truncate,
      wait,
      timeoutMs: input.timeout,
      indexer: { ...known.indexer, pollSeconds },
      chain: known.chain,
      database: {
        name,
        identity: `${known.server.systemIdentifier ?? 'unknown'}/${known.server.databaseOid}`,
        schema: known.schema,
        cursor: known.cursor.block,
        clear: known.rows.clear,
        keep: known.rows.keep,
      },
      env: envFacts,
      backup: { directory: input.backupDir ?? settings.backup.directory },
    },
  };
}
