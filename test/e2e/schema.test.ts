import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { registry } from '../../src/registry.generated.ts';
import { schemaId } from '../../src/runbook/json.ts';
import { sandboxPaths } from '../../src/sandbox/paths.ts';
import { startSandbox, type TestSandbox, tvHome } from '../support/sandbox.ts';
import { SshKeys } from '../support/sshKeys.ts';

// `tv` of a test sandbox compares whatever `--json` prints with the published schemas; here every command prints.

let sandbox: TestSandbox;
let backup: string;
/** Ids of all that was printed. */
const seen = new Set<string>();

beforeAll(async () => {
  sandbox = await startSandbox();
}, 180_000);
afterAll(() => sandbox?.stop());

async function json(...args: readonly string[]) {
  const { stdout, stderr } = await sandbox.tv([...args, '--json']);
  const ids = [...stdout.matchAll(/"schema": ?"(tv\.[^"]+)"/g)].map(([, id = '']) => id);
  for (const id of ids) seen.add(id);
  return { ids, stdout, stderr };
}

/** Calls that end in a document. */
const documents = (run: string): readonly (readonly string[])[] => {
  const { emergency, treasuryManager } = sandbox.info.accounts;
  const out = (name: string) => join(sandbox.dir, name);
  return [
    ['status'],
    ['status', '--plugin'],
    ['health'],
    ['monitor'],
    ['monitor', 'rules'],
    ['doctor', 'api-503'],
    ['doctor'],
    ['doctor', '--self'],
    ['incident', '--since', '1h'],
    ['incident', 'note', 'deployed'],
    ['checklist'],
    ['checklist', 'done', 'dependencies', '--note', 'none outdated'],
    ['contacts'],
    ['logs'],
    ['logs', '--group'],
    ['service', 'status'],
    ['scale', 'check'],
    ['scale', 'nginx', '--server', '127.0.0.1:3000=2'],
    ['reindex', 'check'],
    ['oracle', 'status'],
    ['oracle', 'rotate-key', '--new-address', treasuryManager ?? '', '--calldata'],
    ['oracle', 'revoke-old', '--address', treasuryManager ?? '', '--calldata'],
    ['db', 'backups'],
    ['db', 'schedule', 'show'],
    ['db', 'schedule', 'install', '--cron'],
    ['db', 'slow-queries'],
    ['db', 'tune'],
    ['breaker', 'status'],
    ['breaker', 'trip', '--all', '--calldata'],
    ['breaker', 'reset', '--all', '--safe', out('reset.json')],
    ['emergency', 'shutdown', '--calldata'],
    ['emergency', 'resume', '--calldata'],
    ['emergency', 'unwind', '--pair', 'AlphaUSD-pathUSD', '--calldata'],
    ['emergency', 'withdraw', '--token', 'pathUSD', '--amount', '1', '--to', emergency ?? '', '--calldata'],
    ['runbook', 'list'],
    ['runbook', 'show', 'reindex'],
    ['runbook', 'export'],
    ['runs', 'list'],
    ['runs', 'show', run],
    ['runs', 'report', run, '--out', sandbox.dir],
    ['audit', 'list'],
    ['audit', 'verify'],
    ['config', 'show'],
    ['config', 'check'],
    ['completion', 'bash'],
    ['schema'],
    ['schema', 'status'],
    ['sandbox', 'status'],
    ['sandbox', 'break', '--list'],
    ['sandbox', 'shell', 'true'],
  ];
};

it('a run, its events, and a run that is refused', async () => {
  const { ids, stdout } = await json('db', 'backup');
  expect(new Set(ids)).toEqual(new Set(['tv.event/1']));
  backup = /"run":"([^"]+)"/.exec(stdout)?.[1] ?? '';
  expect((await json('service', 'restart', 'api', '--yes')).ids.length).toBeGreaterThan(5);
  const trip = ['breaker', 'trip', '--pair', 'AlphaUSD-pathUSD'];
  expect((await json(...trip, '--dry-run')).ids).toContain('tv.event/1');
  expect((await json(...trip)).ids).toEqual(['tv.error/1']);
});

describe('what --json prints is as published', () => {
  it('of every command', async () => {
    const wrong: string[] = [];
    const open = [...documents(backup)];
    const work = async () => {
      for (let args = open.shift(); args !== undefined; args = open.shift()) {
        const { ids, stderr } = await json(...args).catch((error: Error) => ({
          ids: [] as readonly string[],
          stderr: error.message,
        }));
        if (ids.length === 0 || ids.includes('tv.error/1')) wrong.push(`tv ${args.join(' ')}: ${stderr}`);
      }
    };
    await Promise.all([work(), work()]);
    expect(wrong.join('\n')).toBe('');
  }, 120_000);

  it('of a transaction', async () => {
    const [row] = await sandbox.sql<{ hash: string }>(
      'SELECT transaction_hash AS hash FROM events ORDER BY block_number DESC LIMIT 1',
    );
    expect((await json('trace', row?.hash ?? '')).ids).toEqual(['tv.trace/1']);
    expect((await json('trace', `0x${'00'.repeat(32)}`)).ids).toEqual(['tv.trace/1']);
    expect((await json('trace', '--address', `0x${'12'.repeat(20)}`)).ids).toEqual(['tv.trace/1']);
    expect((await json('trace', '--deposit', '1')).ids).toEqual(['tv.trace/1']);
  });

  it('of a plan that is signed, and of an anchor of the audit log', async () => {
    const keys = new SshKeys(join(sandbox.dir, 'ssh'));
    const plan = join(sandbox.dir, 'plan.json');
    await json('breaker', 'trip', '--pair', 'AlphaUSD-pathUSD', '--dry-run', '--out', plan);
    const signed = await json('plan', 'approve', plan, '--key', keys.make('other'), '--yes');
    expect(signed.ids).toEqual(['tv.plan-approve/1']);
    expect((await json('plan', 'show', plan)).ids).toEqual(['tv.plan-show/1']);
    expect((await json('plan', 'list', sandbox.dir)).ids).toEqual(['tv.plan-list/1']);
    const { config } = sandboxPaths(sandbox.dir);
    const settings = parseDocument(readFileSync(config, 'utf8'));
    settings.setIn(['environments', sandbox.info.name, 'audit', 'anchor', 'command'], ['cat']);
    writeFileSync(config, settings.toString());
    const anchored = await json('audit', 'anchor');
    expect(anchored.ids).toEqual(['tv.audit-anchor/1', 'tv.anchor/1']);
  });

  it('with the services down', async () => {
    await sandbox.systemctl('stop', 'tempovault-api', 'tempovault-indexer', 'tempovault-oracle');
    for (const args of [['status'], ['health'], ['service', 'status'], ['oracle', 'status'], ['doctor']]) {
      expect((await json(...args)).ids).toEqual([schemaId(args.join(' '))]);
    }
  });

  it('of a new configuration', async () => {
    await using home = await tvHome();
    const { stdout } = await home.tv(['config', 'init', join(home.directory, 'tv.yaml'), '--json']);
    const { schema } = JSON.parse(stdout);
    expect(schema).toBe('tv.config-init/1');
    seen.add(schema);
  });

  it('of a drill', async () => {
    await using home = await tvHome();
    for (const args of [['start', '--seed', '0'], ['status'], ['end']]) {
      const { stdout, stderr } = await home.tv(['drill', ...args, '--json']);
      const id = schemaId(`drill ${args[0]}`);
      expect(stdout, stderr).toContain(`"${id}"`);
      seen.add(id);
    }
  }, 120_000);

  it('of the end of a sandbox; and then no command with a schema is left', async () => {
    const { name, dir } = sandbox.info;
    expect((await json('sandbox', 'up', '--name', name, '--dir', dir)).ids).toEqual(['tv.sandbox-up/1']);
    expect((await json('sandbox', 'down', '--dir', dir)).ids).toEqual(['tv.sandbox-down/1']);
    const described = registry.filter(({ schema }) => schema !== undefined);
    expect(
      described.map(({ command }) => schemaId(command)).filter((id) => !seen.has(id)),
      'a command with a schema needs its call in this file, for most in `documents`',
    ).toEqual([]);
  });
});
