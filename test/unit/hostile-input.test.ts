import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { readHealth } from '../../src/api/readHealth.ts';
import { readReady } from '../../src/api/readReady.ts';
import { findBlockAt } from '../../src/chain/findBlock.ts';
import { readAuthority } from '../../src/chain/oracle/readAuthority.ts';
import { readChainId } from '../../src/chain/readChainId.ts';
import { readCode } from '../../src/chain/readCode.ts';
import { readHead } from '../../src/chain/readHead.ts';
import { readProtocol } from '../../src/chain/readProtocol.ts';
import { readRoleHolders } from '../../src/chain/readRoleHolders.ts';
import { readFees, readMostGas } from '../../src/chain/transactions/readFees.ts';
import { readNetwork } from '../../src/chain/transactions/readNetwork.ts';
import { readEvidence } from '../../src/chain/transactions/receipt.ts';
import { simulateBlocks } from '../../src/chain/transactions/simulate.ts';
import { whatBecameOf } from '../../src/chain/transactions/whatBecameOf.ts';
import { parse } from '../../src/cli/parse.ts';
import { findCommand } from '../../src/cli/words.ts';
import { databasePasswords, maskDatabaseUrl, maskUrls } from '../../src/config/mask.ts';
import { parseConfig } from '../../src/config/parseConfig.ts';
import { parseDumpText } from '../../src/database/backup/dumpScript.ts';
import { type BackupManifest, readManifest, writeManifest } from '../../src/database/backup/manifest.ts';
import { setEnvValue } from '../../src/host/editEnvFile.ts';
import { parseEnvFile, readEnvValue } from '../../src/host/envFile.ts';
import { parseUnitEntry } from '../../src/host/journal/entry.ts';
import { LogGroups } from '../../src/host/journal/groups.ts';
import { TracebackFolder } from '../../src/host/journal/tracebacks.ts';
import { parseDetails, parseProcessList } from '../../src/host/listProcesses.ts';
import { parseDisk } from '../../src/host/readDisk.ts';
import { parseMachine } from '../../src/host/readMachine.ts';
import { parseUnitStates } from '../../src/host/readUnits.ts';
import { AuditLog } from '../../src/journal/audit.ts';
import { RunStore } from '../../src/journal/journal.ts';
import { foldRun } from '../../src/journal/runState.ts';
import { RedactingWriter } from '../../src/output/redactingWriter.ts';
import { Secrets } from '../../src/output/secrets.ts';
import { registry } from '../../src/registry.generated.ts';
import type { AuditRecord } from '../../src/runbook/audit.ts';
import type { Api, Chain } from '../../src/runbook/context.ts';
import { outsideText } from '../../src/text/outsideText.ts';
import { DrivenClock, temporaryState } from '../support/fakes.ts';
import { assertShowable, damaged, damagedJson, withstandAll } from '../support/hostile.ts';
import { fakeSigned } from '../support/signedTransaction.ts';

vi.setConfig({ testTimeout: 120_000 });

const address = (digit: string) => `0x${digit.repeat(40)}` as const;
const word = (value: bigint) => `0x${value.toString(16).padStart(64, '0')}`;
const hash = `0x${'a'.repeat(64)}` as const;
const contracts = {
  governanceRoles: address('1'),
  riskController: address('2'),
  treasuryVault: address('3'),
  dexStrategy: address('4'),
};

/** What a well-behaved node returns, by method. */
const answers: Readonly<Record<string, unknown>> = {
  eth_chainId: '0x1079',
  eth_blockNumber: '0x40',
  eth_gasPrice: '0x3b9aca00',
  eth_maxPriorityFeePerGas: '0x1',
  eth_getCode: '0x6080604052',
  eth_getStorageAt: word(0n),
  eth_getTransactionCount: '0x7',
  eth_getBalance: '0xde0b6b3a7640000',
  eth_call: word(1n),
  eth_getBlockByNumber: {
    ...{ number: '0x40', timestamp: '0x67000000', hash, parentHash: hash, logsBloom: `0x${'0'.repeat(512)}` },
    ...{ baseFeePerGas: '0x3b9aca00', gasLimit: '0x5f5e100', gasUsed: '0x0', transactions: [hash] },
  },
  eth_getLogs: [
    {
      ...{ address: address('2'), topics: [hash, word(1n)], data: word(5n), blockNumber: '0x3f' },
      ...{ blockHash: hash, transactionHash: hash, logIndex: '0x0', removed: false },
    },
  ],
  eth_getTransactionReceipt: {
    ...{
      transactionHash: hash,
      blockNumber: '0x3f',
      status: '0x1',
      gasUsed: '0x5208',
      effectiveGasPrice: '0x1',
    },
    logs: [{ address: address('2'), topics: [hash], data: '0x' }],
  },
  eth_getTransactionByHash: {
    hash,
    nonce: '0x7',
    from: address('5'),
    to: address('2'),
    blockNumber: null,
    value: '0x0',
  },
  eth_simulateV1: [
    { number: '0x41', calls: [{ status: '0x1', gasUsed: '0x5208', returnData: word(1n), logs: [] }] },
  ],
};

/** A chain whose one node returns this for one method, and what it should for all others. */
function chainThat(method: string, answer: unknown): Chain {
  const request = async (asked: string) => (asked === method ? answer : (answers[asked] ?? null));
  const nodes = [{ url: 'http://node', request }];
  return {
    client: { request: (call: { method: string }) => request(call.method), transport: { nodes } },
    ...{ expectedId: 4217, urls: ['http://node'], contracts },
  } as never;
}

const head = { number: 64, timestamp: 0x67000000 };
const readers: readonly (readonly [string, (chain: Chain) => unknown])[] = [
  ['eth_chainId', readChainId],
  ['eth_chainId', (chain) => whatBecameOf(chain, [fakeSigned('a')])],
  ['eth_getBlockByNumber', readHead],
  ['eth_getBlockByNumber', readFees],
  ['eth_getBlockByNumber', readMostGas],
  ['eth_getBlockByNumber', (chain) => findBlockAt(chain, { at: head.timestamp - 500, head })],
  ['eth_gasPrice', readFees],
  ['eth_maxPriorityFeePerGas', readFees],
  ['eth_getCode', (chain) => readCode(chain, address('2'))],
  ['eth_getCode', readNetwork],
  ['eth_getCode', readProtocol],
  ['eth_getStorageAt', readProtocol],
  ['eth_call', readProtocol],
  ['eth_call', readRoleHolders],
  ['eth_call', readAuthority],
  ['eth_getLogs', readRoleHolders],
  ['eth_getTransactionReceipt', (chain) => readEvidence(chain, hash)],
  ['eth_getTransactionReceipt', (chain) => whatBecameOf(chain, [fakeSigned('a')])],
  ['eth_getTransactionByHash', (chain) => whatBecameOf(chain, [fakeSigned('a')])],
  ['eth_getTransactionCount', (chain) => whatBecameOf(chain, [fakeSigned('a')])],
  ['eth_simulateV1', (chain) => simulateBlocks(chain, [{ calls: [{ to: address('2'), data: '0x' }] }])],
];

describe('input that nobody should send: a value, or an error of tv’s own', () => {
  it('answers of an RPC node, by method', () =>
    withstandAll(
      fc
        .constantFrom(...readers)
        .chain(([method, read]) => damagedJson(answers[method]).map((answer) => ({ method, answer, read }))),
      ({ method, answer, read }) => read(chainThat(method, answer)),
    ));

  it('what the API returns', () => {
    const healthy = { status: 'healthy', chain_id: 4217, latest_block: 100, detail: { status: 'degraded' } };
    const ready = { ready: true, checks: { database: true, rpc: { ok: false, error: 'away' } } };
    const answering = (body: unknown): Api => ({
      url: 'http://127.0.0.1:8000',
      get: async () => ({ status: 200, body, durationMs: 1 }),
    });
    return withstandAll(fc.oneof(damagedJson(healthy), damagedJson(ready)), async (body) => {
      const { status } = await readHealth(answering(body)).catch(() => ({ status: '' }));
      assertShowable(outsideText(status));
      return readReady(answering(body));
    });
  });

  it('words of a command line', () => {
    const words = fc.constantFrom(
      ...registry.flatMap(({ command }) => [command.split(' ')]),
      ...[['help'], ['-e'], ['--json'], ['--set'], ['--yes'], ['--confirm'], ['--plan'], ['--out'], ['--']],
      ...[
        ['--from-block', '1'],
        ['--pair', 'A'],
        ['--amount', '5'],
        ['--since', '40m'],
        ['--to', hash],
      ],
    );
    const lines = fc.array(
      fc.oneof(
        words,
        damaged('--from-block=12_345').map((text) => [text]),
      ),
      { maxLength: 6 },
    );
    return withstandAll(
      lines.map((parts) => parts.flat()),
      async (args) => {
        const { entry, rest } = findCommand(registry, args);
        if (entry === undefined) return;
        const { default: command } = await entry.load();
        parse(entry, command, rest);
      },
    );
  });

  it('a configuration file', () =>
    withstandAll(damaged(settingsFile), async (text) => {
      const { problems } = await parseConfig('/etc/tempovault/tv.yaml', text);
      for (const problem of problems) assertShowable(outsideText(JSON.stringify(problem), 10_000));
    }));

  it('.env', () =>
    withstandAll(damaged(envFile), (text) => {
      parseEnvFile(text);
      readEnvValue(text, 'START_BLOCK');
      setEnvValue(text, 'START_BLOCK', '5');
    }));

  it('lines of a journal, as of a run and as of a folder of runs', () => {
    const state = temporaryState();
    const store = new RunStore(state.directory, []);
    mkdirSync(store.directory, { recursive: true });
    const run = '20261123-000000-fake-0001';
    const lines = journal(run).map((line) => JSON.stringify(line));
    const onOneLine = fc.nat({ max: lines.length - 1 }).chain((index) =>
      fc
        .oneof(
          damaged(lines[index] ?? ''),
          damagedJson(JSON.parse(lines[index] ?? '')).map((value) => JSON.stringify(value)),
        )
        .map((line) => lines.with(index, line)),
    );
    return withstandAll(onOneLine, (text) => {
      writeFileSync(store.file(run), `${text.join('\n')}\n`);
      store.readable(run);
      store.stamps();
      foldRun(store.read(run));
    }).finally(() => state.remove());
  });

  it('lines of the audit log', async () => {
    const state = temporaryState();
    const log = new AuditLog(state.directory, new RedactingWriter(new Secrets()), new DrivenClock(0));
    for (const exitCode of [0, 3, 5]) await log.append({ ...auditRecord, exitCode });
    const lines = readFileSync(log.file, 'utf8').split('\n').slice(0, -1);
    const onOneLine = fc.nat({ max: lines.length - 1 }).chain((index) =>
      fc
        .oneof(
          damaged(lines[index] ?? ''),
          damagedJson(JSON.parse(lines[index] ?? '')).map((value) => JSON.stringify(value)),
        )
        .map((line) => ({ index, line })),
    );
    await withstandAll(onOneLine, ({ index, line }) => {
      writeFileSync(log.file, `${lines.with(index, line).join('\n')}\n`);
      const { intact, problems } = log.verify();
      for (const problem of problems) assertShowable(problem);
      log.entries();
      if (intact && line !== lines[index] && line.trim() !== lines[index]) {
        const same = JSON.stringify(JSON.parse(line)) === JSON.stringify(JSON.parse(lines[index] ?? ''));
        expect(same, 'a changed line counts as intact').toBe(true);
      }
    }).finally(() => state.remove());
  });

  it('the manifest of a backup', () => {
    const text = writeManifest(manifest);
    expect(readManifest(text)).toEqual({ manifest });
    const whole = JSON.parse(text);
    return withstandAll(
      fc.oneof(
        damaged(text),
        damagedJson(whole).map((value) => JSON.stringify(value)),
      ),
      (changed) => {
        const read = readManifest(changed);
        if ('problem' in read) assertShowable(outsideText(read.problem));
        // What is taken is what was written: the digest is over all of it.
        else expect(read.manifest).toEqual(manifest);
      },
    );
  });

  it('what was found in a dump', () => withstandAll(damaged(dumpFindings), parseDumpText));

  it('what systemctl, ps, df and the host print', () =>
    withstandAll(damaged(unitProperties), (text) => {
      for (const { mainPid, restarts, since } of parseUnitStates(text)) {
        expect([Number.isInteger(mainPid), Number.isInteger(restarts)]).toEqual([true, true]);
        if (since !== undefined) expect(Number.isNaN(since.getTime())).toBe(false);
      }
      parseProcessList(text);
      parseDetails(text);
      parseDisk(text);
      parseMachine(text);
    }));

  it('entries of the systemd journal', () =>
    withstandAll(
      fc.array(
        fc.oneof(
          damaged(journalEntry),
          damagedJson(JSON.parse(journalEntry)).map((value) => JSON.stringify(value)),
        ),
        { maxLength: 3 },
      ),
      (lines) => {
        const folder = new TracebackFolder();
        const groups = new LogGroups(10);
        for (const line of lines) {
          const entry = parseUnitEntry(line, ['tempovault-indexer']);
          if (entry === undefined) continue;
          expect(Number.isNaN(entry.at.getTime())).toBe(false);
          for (const folded of folder.push(entry)) groups.add(folded);
        }
        for (const { pattern } of groups.list()) assertShowable(pattern.replaceAll('\t', ''));
      },
    ));

  it('the URL of a database, with its password', () =>
    withstandAll(
      damaged('postgresql://tempovault:zoqvex-47@db.example:5432/tempovault?sslmode=require'),
      (url) => {
        maskDatabaseUrl(url);
        databasePasswords(url);
        maskUrls([url]);
      },
    ));
});

const settingsFile = `
environments:
  production:
    chain:
      id: 4217
      rpcUrls: [https://rpc.example/v1, 'https://other.example']
    database: {urlEnv: INDEXER_DB_URL}
    contracts: &contracts
      treasuryVault: '0x3333333333333333333333333333333333333333'
    host: {prefix: [ssh, tv@host, --]}
    pairs: {Alpha: '0x1111111111111111111111111111111111111111111111111111111111111111'}
    signers: {emergency: {keystore: /etc/keys/e.json}}
    approvals: {severe: 1, expiry: 4h}
  staging:
    contracts: *contracts
default: production
`;

const envFile = `# TempoVault
export INDEXER_DB_URL="postgresql://tempovault:secret@localhost/tempovault"
START_BLOCK=12345 # the first
RPC_URL='https://rpc.example'
ORACLE_PRIVATE_KEY=0xabc
`;

const unitProperties = `MainPID=57
Result=success
NRestarts=0
MemoryCurrent=[not set]
Id=tempovault-api.service
LoadState=loaded
ActiveState=active
SubState=running
ActiveEnterTimestamp=Mon 2026-11-23 23:10:24 UTC
InactiveEnterTimestamp=

/dev/sda1 41152736 28000000 11000000 72% /
1234 root 57 Mon Nov 23 23:10:24 2026 python3 event_indexer.py
`;

const journalEntry = JSON.stringify({
  __CURSOR: 's=1;i=2',
  __REALTIME_TIMESTAMP: '1796018139354000',
  MESSAGE: 'Traceback (most recent call last):\n  File "x.py", line 1\nValueError: 0xabc',
  PRIORITY: '3',
  _PID: '57',
  _BOOT_ID: 'a',
  _SYSTEMD_UNIT: 'tempovault-indexer.service',
});

const dumpFindings = `server\t15.18
role\t"tempovault"
extension\tpg_stat_statements
table\tpublic.signals\t
rows\t120\tpublic.signals
complete
`;

const manifest: BackupManifest = {
  schema: 'tv.backup/1',
  form: 'directory',
  createdAt: '2026-11-23T00:00:00.000Z',
  seconds: 1.5,
  tv: '0.1.0',
  database: { name: 'tempovault', systemIdentifier: '7', bytes: 8_000_000 },
  server: { version: '15.18', major: 15 },
  tool: 'pg_dump 15.18',
  cursorBlock: 100,
  rows: { 'public.signals': 120 },
  files: [{ path: 'toc.dat', bytes: 5, sha256: 'a'.repeat(64) }],
};

const operator = { user: 'ops', host: 'vault-1', pid: 7, mark: null };
const auditRecord: AuditRecord = {
  ...{ command: 'breaker trip', environment: 'production', operator, input: { pair: 'A' }, run: null },
  ...{ plan: '7f3a91c2', outcome: 'verified', exitCode: 0, reason: null, overrides: [] },
};

/** As a run with one step leaves it. */
function journal(run: string): readonly object[] {
  const at = '2026-11-23T00:00:00.000Z';
  const step = { id: 'trip', title: 'trip', command: 'cast send', effect: 'final', runs: 'here' };
  const transaction = fakeSigned('a');
  return [
    {
      ...{
        at,
        type: 'run.started',
        run,
        runbook: 'breaker trip',
        title: 'Trip',
        section: '4',
        risk: 'severe',
      },
      ...{ environment: 'production', operator, version: '0.1.0', input: {}, facts: {}, overrides: [] },
      checks: [{ id: 'chain', world: 'chain', status: 'pass', summary: 'id 4217' }],
      plan: { id: 'a'.repeat(64), digest: 'a'.repeat(64), steps: [step], consequence: 'This halts trading.' },
    },
    { at, type: 'step.started', step: 'trip' },
    { at, type: 'step.noted', step: 'trip', note: 'transaction', value: transaction },
    { at, type: 'step.done', step: 'trip', result: { block: 5 }, durationMs: 5 },
    { at, type: 'run.checked', checks: [] },
    { at, type: 'run.ended', outcome: 'verified', exitCode: 0 },
  ];
}
