import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kysely, PostgresDialect } from 'kysely';
import { encodeAbiParameters, encodeErrorResult, parseAbi } from 'viem';
import { afterAll, expect, it } from 'vitest';
import { connectApi } from '../../src/api/connectApi.ts';
import { connectChain } from '../../src/chain/connectChain.ts';
import { decodeRevert } from '../../src/chain/decodeRevert.ts';
import { describeRpcError } from '../../src/chain/describeRpcError.ts';
import { decode } from '../../src/chain/tryRead.ts';
import { renderChecks } from '../../src/cli/renderCheck.ts';
import { pairSettings } from '../../src/config/mapSettings.ts';
import { describeDatabaseError } from '../../src/database/describeDatabaseError.ts';
import { runHostScript } from '../../src/database/hostScript.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { listProcesses } from '../../src/host/listProcesses.ts';
import { parseJournal } from '../../src/host/readJournal.ts';
import { parseShownUnits } from '../../src/host/showUnits.ts';
import { AuditLog } from '../../src/journal/audit.ts';
import { thisOperator } from '../../src/journal/operator.ts';
import { RedactingWriter } from '../../src/output/redactingWriter.ts';
import { Secrets } from '../../src/output/secrets.ts';
import type { Clock, Database, Host } from '../../src/runbook/context.ts';
import { outsideText, terminalSafe } from '../../src/text/outsideText.ts';
import { plainPaint } from '../support/paint.ts';
import { httpServer, RpcRefusal, rpcServer } from '../support/rpcServer.ts';

/** Clear screen, C1 clear screen, title, right-to-left override, zero width, line separator, tag, new line. */
const evil = 'A\u001b[2J\u009b2J\u001b]0;own\u0007\u202eB\u200b\u2028\u{e0041}\u0000\r\nC';
const dangerous = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/u;

const directory = mkdtempSync(join(tmpdir(), 'tv-outside-'));
afterAll(() => rmSync(directory, { recursive: true }));

function host(stdout: string, stderr = '', exitCode = 0): Host {
  return { prefix: [], run: async () => ({ stdout, stderr, exitCode }) };
}

const shownError = (error: unknown) => {
  if (!(error instanceof TvError)) throw error;
  return `${error.message}${Object.entries(error.facts).flat().join('')}${error.next.join('')}`;
};
const failing = (promise: Promise<unknown>) =>
  promise.then(
    () => 'did not fail',
    (error: unknown) => shownError(error),
  );

async function fromRpc(answer: () => unknown): Promise<string> {
  await using server = await rpcServer(answer);
  const chain = connectChain({
    rpcUrls: [server.url],
    id: undefined,
    timeoutMs: 2_000,
    contracts: {} as never,
  });
  return await failing(
    chain.client.request({ method: 'eth_chainId' }).catch((error: unknown) => {
      throw describeRpcError(error, chain);
    }),
  );
}

const symbol = parseAbi(['function symbol() view returns (string)']);
const chainless = { contracts: {} } as never;

it.each<[string, () => string | Promise<string>]>([
  [
    'message, fact and advice of an error',
    () => shownError(new TvError('check.blocked', evil, { facts: { [evil]: evil }, next: evil })),
  ],
  [
    'token symbol',
    () => decode<string>(symbol, 'symbol', encodeAbiParameters([{ type: 'string' }], [evil])) ?? '',
  ],
  [
    'reason of a revert',
    async () => {
      const data = encodeErrorResult({ abi: parseAbi(['error Error(string)']), args: [evil] });
      const { sentence, facts } = await decodeRevert(chainless, data);
      return sentence + Object.values(facts).join('');
    },
  ],
  [
    'error of an RPC node',
    () =>
      fromRpc(() => {
        throw new RpcRefusal(-32_603, evil);
      }),
  ],
  [
    'web page of an RPC node',
    async () => {
      await using server = await httpServer((response) => void response.end(`<html>${evil}`));
      const chain = connectChain({
        rpcUrls: [server.url],
        id: undefined,
        timeoutMs: 2_000,
        contracts: {} as never,
      });
      return await failing(
        chain.client.request({ method: 'eth_chainId' }).catch((error: unknown) => {
          throw describeRpcError(error, chain);
        }),
      );
    },
  ],
  [
    'answer of the API',
    async () => {
      await using server = await httpServer(
        (response) => void response.end(JSON.stringify({ [evil]: [evil] })),
      );
      const { body } = await connectApi({ url: server.url, timeoutMs: 2_000 }).get('/health');
      return Object.entries(body as Record<string, string[]>)
        .flat(2)
        .join('');
    },
  ],
  [
    'error of the database',
    () =>
      shownError(
        describeDatabaseError(Object.assign(new Error(evil), { code: '42P01', detail: evil }), {
          host: 'h',
          port: 1,
          name: evil,
          user: 'u',
        }),
      ),
  ],
  [
    'words of pg_dump',
    () => {
      const away = async () => Promise.reject(new TvError('db.unreachable', 'The server is away.'));
      const kysely = new Kysely({ dialect: new PostgresDialect({ pool: away }) });
      const database = { secrets: {}, kysely } as unknown as Database;
      const { run } = host('', `pg_dump: error: ${evil}`, 1);
      return failing(
        runHostScript(database, {
          run,
          script: '',
          args: [],
          code: 'backup.dump-failed',
          failure: 'It failed.',
        }),
      );
    },
  ],
  [
    'line of the journal',
    () =>
      parseJournal(JSON.stringify({ __REALTIME_TIMESTAMP: '1', MESSAGE: evil.replace('\n', '') }))[0]
        ?.message ?? '',
  ],
  ['property of a unit', () => parseShownUnits(`Id=${evil.replace(/[\r\n]/g, '')}\n`)[0]?.get('Id') ?? ''],
  [
    'process list',
    async () => {
      const name = evil.replace(/[\s\0]/g, '');
      let calls = 0;
      const run = async () => {
        calls += 1;
        const stdout =
          calls === 1
            ? `1 9 Ss root /sbin/init\n7 5 S ops ./${name}/indexer\n8 0 R ops ps -ww -eo pid=,etimes=,stat=,user:64=,args=\n`
            : `pid 7\n./${name}/indexer\n\n0::/system.slice/${name}.service\nend\n`;
        return { stdout, stderr: '', exitCode: 0 };
      };
      const [found] = await listProcesses({ prefix: [], run }, { program: 'indexer' });
      return `${found?.command}${found?.unit}`;
    },
  ],
  [
    'SUDO_USER',
    () => {
      const before = process.env['SUDO_USER'];
      process.env['SUDO_USER'] = evil.replace('\0', '');
      try {
        return thisOperator().user;
      } finally {
        if (before === undefined) delete process.env['SUDO_USER'];
        else process.env['SUDO_USER'] = before;
      }
    },
  ],
  [
    'line of the audit log',
    () => {
      writeFileSync(join(directory, 'audit.jsonl'), `${JSON.stringify({ hash: 'h', command: evil })}\n`);
      const log = new AuditLog(directory, new RedactingWriter(new Secrets()), {} as Clock);
      return log.entries()[0]?.command ?? '';
    },
  ],
  [
    'summary and fact of a check, on a line each',
    () => {
      const text = renderChecks(
        [{ id: 'x', world: 'database', status: 'warn', summary: evil, facts: { table: evil } }],
        plainPaint(400),
      );
      expect(text.split('\n')).toHaveLength(2);
      return text.replace('\n', '');
    },
  ],
])('%s: comes in without a character that steers, hides or breaks a line', async (_, read) => {
  const text = await read();
  expect(text).not.toMatch(dangerous);
  expect(text).toContain('\\u{202e}B\\u{200b}');
});

it('a pair with an unprintable name is not taken', () => {
  const pair = [`0x${'1'.repeat(40)}`, `0x${'2'.repeat(40)}`];
  expect(Object.keys(pairSettings().parse({ 'A-B': pair }))).toEqual(['A-B']);
  for (const name of ['A\u202eB', 'A\u001b[2J', 'A\nB', 'A'.repeat(65)])
    expect(pairSettings().safeParse({ [name]: pair }).success).toBe(false);
});

it('text from outside is cut to its length, by characters', () => {
  expect(outsideText('x'.repeat(500), 10)).toBe(`${'x'.repeat(9)}…`);
  expect(outsideText('🚀'.repeat(10), 10)).toBe('🚀'.repeat(10));
  expect(outsideText('🚀'.repeat(11), 10)).toBe(`${'🚀'.repeat(9)}…`);
});

it('last barrier: colours of tv pass, everything else is written out, and JSON stays the same document', () => {
  expect(terminalSafe('\u001b[31m✖\u001b[39m a\tb\n')).toBe('\u001b[31m✖\u001b[39m a\tb\n');
  for (const each of [
    '\u001b[2J',
    '\u001b[8m',
    '\u001b[38;5;1m',
    '\u009b2J',
    '\r',
    '\u202e',
    '\u{e0041}',
    '\u0007',
    '\ud800',
  ])
    expect(terminalSafe(`a${each}b`)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
  const document = { a: evil, b: '\u{e0041}\u202e' };
  expect(JSON.parse(terminalSafe(JSON.stringify(document)))).toEqual(document);
});
