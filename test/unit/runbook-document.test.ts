import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { describeAll, describeProcedure, headings } from '../../src/operations/documents/runbookDocument.ts';
import { registry } from '../../src/registry.generated.ts';
import { codeBlocks, readRunbook } from '../support/exportedRunbook.ts';

const address = `0x${'5aBc'.repeat(10)}` as const;
const environment = {
  name: 'production',
  settings: {
    sandbox: false,
    chain: { id: 4217, rpcUrls: ['https://user:hunter2@rpc.example/v1'], timeoutMs: 1 },
    contracts: {
      governanceRoles: address,
      riskController: address,
      treasuryVault: undefined,
      dexStrategy: address,
    },
    database: {
      unit: 'postgresql',
      url: 'postgresql://tempovault:hunter2@db.example:5433/vault',
      adminUrl: 'postgresql://postgres:hunter2@db.example:5433/postgres',
      timeoutMs: 1,
    },
    host: {
      prefix: ['ssh', 'ops@vault-1'],
      others: {},
      envFile: '/srv/tempo vault/.env',
      units: { api: 'tv-api', indexer: 'tv-indexer', oracle: 'tv-oracle' },
      programs: { api: 'api_server', indexer: 'event_indexer', oracle: 'oracle_relay' },
      accessLog: '/var/log/nginx/access.log',
      timeoutMs: 1,
    },
    api: { url: 'https://api.example?key=hunter2', publicUrl: undefined, origins: [], timeoutMs: 1 },
    backup: { directory: '/backup' },
    pairs: { 'Alpha-path': { tokens: [address, address] }, other: { id: `0x${'12'.repeat(32)}` } },
  },
} as const;

const text = await describeAll(registry, '1.0.0');
const named = await describeAll(registry, '1.0.0', environment);

it('contents: every heading of two levels, in order, and every link has its heading', () => {
  const shown = headings(text).filter(
    ({ level, title }) => (level === 2 || level === 3) && title !== 'Contents',
  );
  const listed = [...text.matchAll(/^( *)- \[([^\]]+)\]\(#([^)]+)\)$/gm)];
  expect(listed.map(([, indent, title]) => [indent === '' ? 2 : 3, title])).toEqual(
    shown.map(({ level, title }) => [level, title]),
  );
  const slugs = listed.map(([, , , slug]) => slug);
  expect(new Set(slugs).size).toBe(slugs.length);
  expect(slugs).toContain('1-reindexing-events');
  const links = [...text.matchAll(/\]\(#([^)]+)\)/g)].map(([, slug]) => slug);
  expect(links.filter((slug) => !slugs.includes(slug))).toEqual([]);
});

it('sections: in the order of the original, each with the procedures that belong to it', () => {
  const second = headings(text).flatMap(({ level, title }) => (level === 2 ? [title] : []));
  expect(second).toEqual([
    'Contents',
    'Before you start',
    'Quick reference',
    '1. Reindexing events',
    '2. Oracle recovery',
    '3. Database maintenance',
    '4. Rotating the oracle key',
    '5. Scaling services',
    '6. Circuit breakers',
    '7. Emergency procedures',
    '8. Alerts',
    '9. Log analysis',
    '10. Troubleshooting',
    'Performance tuning',
    'Security checklist',
    'Around the procedures',
  ]);
  expect(text.indexOf('### Trip circuit breaker')).toBeGreaterThan(text.indexOf('## 6.'));
  expect(text.indexOf('### Trip circuit breaker')).toBeLessThan(text.indexOf('## 7.'));
});

it('every command that changes something and has a section can be done by hand, but records, pins and timers of tv', async () => {
  const lacking = await Promise.all(
    registry.map(async ({ command, section, risk, load }) => {
      const { byHand } = (await load()).default;
      return section !== '' && risk !== 'read' && byHand === undefined ? [command] : [];
    }),
  );
  expect(lacking.flat(), 'needs `byHand`, as in runbooks/db/vacuum.byHand.ts').toEqual([
    'checklist done',
    'db pin',
    'db unpin',
    'db schedule remove',
  ]);
});

it.each([
  ['without an environment', text],
  ['with one', named],
])('%s: bash accepts every block', (_, markdown) => {
  const blocks = codeBlocks(markdown);
  expect(blocks.length).toBeGreaterThan(150);
  const refused = blocks.flatMap((block) => {
    const { status, stderr } = spawnSync('bash', ['-n'], { input: block, encoding: 'utf8' });
    return status === 0 && stderr === '' ? [] : [`${block}\n${stderr}`];
  });
  expect(refused).toEqual([]);
});

/** Names that a block gives a value to. */
function assigned(block: string): readonly string[] {
  return [
    ...[...block.matchAll(/(?:^|[\s;({&])([A-Za-z_]\w*)\+?=/gm)].map(([, name = '']) => name),
    ...[...block.matchAll(/\bfor (\w+) in\b/g)].map(([, name = '']) => name),
    ...[...block.matchAll(/\b(?:read -r|local) ((?:[a-z_]\w*\s?)+)/gi)].flatMap(([, names = '']) =>
      names.trim().split(/\s+/),
    ),
  ];
}

/** Names that a block uses. What is escaped, or a field of awk, is none. */
function used(block: string): readonly string[] {
  return [...block.matchAll(/(?<!\\)\$\{?([A-Za-z_]\w*)/g)].map(([, name = '']) => name);
}

it.each([
  ['without an environment', text],
  ['with one', named],
])('%s: every variable is defined at the top, or earlier in its procedure', (_, markdown) => {
  const { definitions, procedures } = readRunbook(markdown);
  const known = new Set([...assigned(definitions), 'PATH', 'HOME']);
  expect(used(definitions).filter((name) => !known.has(name))).toEqual([]);
  const undefinedNames = procedures.flatMap(({ title, variables, lines }) => {
    const own = new Set([...known, ...assigned(variables)]);
    return lines.flatMap(({ kind, number, run }) => {
      for (const name of assigned(run)) own.add(name);
      return used(run)
        .filter((name) => !own.has(name))
        .map((name) => `${title}, ${kind} ${number}: $${name}`);
    });
  });
  // A backup is made by another procedure, which that step names.
  expect([...new Set(undefinedNames)]).toEqual(['Reindex events, Step 2: $BACKUP']);
});

it('psql reads no start file and stops at the first error, everywhere', () => {
  const calls = codeBlocks(text)
    .join('\n')
    .split('\n')
    .filter((line) => /(?:^|[\s(])psql /.test(line));
  expect(calls.length).toBeGreaterThan(20);
  expect(calls.filter((line) => !line.includes('psql -X -v ON_ERROR_STOP=1'))).toEqual([]);
});

it('no key on a command line, no sudo, and no transaction with a value on Tempo', () => {
  const code = codeBlocks(text).join('\n');
  expect(code).not.toMatch(/--private-key|--mnemonic|sudo |--password[ =]/);
  expect(code.match(/.*--value.*/g)).toEqual(Array(2).fill(expect.stringMatching(/^ *plain\) /)));
});

it('with an environment: its own values, and none of its secrets', () => {
  const { definitions } = readRunbook(named);
  expect(named).not.toContain('hunter2');
  for (const line of [
    "ENV_FILE='/srv/tempo vault/.env'",
    'INDEXER_UNIT=tv-indexer',
    'CHAIN_ID=4217',
    `RISK_CONTROLLER_ADDRESS=${address}`,
    'TREASURY_VAULT_ADDRESS=$(env_value TREASURY_VAULT_ADDRESS)',
    'RPC_URL=$(env_value RPC_URL)',
    'export PGHOST=db.example PGPORT=5433',
    `PAIR_OTHER=0x${'12'.repeat(32)}`,
  ]) {
    expect(definitions.split('\n')).toContain(line);
  }
  expect(named).toContain('log in with `ssh ops@vault-1`');
});

it('lines: code fits 140 columns', () => {
  const long = codeBlocks(text)
    .join('\n')
    .split('\n')
    .filter((line) => line.length > 140);
  expect(long).toEqual([]);
});

it('tv runbook show has the same procedure as the exported document', async () => {
  const entry = registry.find(({ command }) => command === 'breaker trip');
  if (entry === undefined) throw new Error('no breaker trip');
  const shown = describeProcedure(entry, (await entry.load()).default);
  const [, ...body] = shown.split('\n');
  expect(text).toContain(body.join('\n'));
  expect(shown).toContain('**Without tv.**');
});
