import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { freePorts } from '../../src/sandbox/machine/freePorts.ts';
import { until } from '../../src/sandbox/machine/until.ts';
import { readPassword } from '../../src/sandbox/passwords.ts';
import { sandboxPaths } from '../../src/sandbox/paths.ts';
import { startSandbox, type TestSandbox } from '../support/sandbox.ts';
import { throughKills } from '../support/throughKills.ts';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
}, 180_000);
afterAll(() => sandbox?.stop());

const words = (text: string) => text.replace(/\s+/g, ' ');

interface Checked {
  readonly level: string;
  readonly hosts: readonly { readonly name: string; readonly sameAs: string | null }[];
  readonly answers: readonly { readonly fine: string; readonly level: string; readonly findings: string[] }[];
  readonly findings: readonly {
    readonly id: string;
    readonly sentence: string;
    readonly cause: string | null;
  }[];
}

async function check(...flags: readonly string[]) {
  const { exitCode, stdout, stderr } = await sandbox.tv(['scale', 'check', '--json', ...flags]);
  expect(stdout, stderr).not.toBe('');
  const data = JSON.parse(stdout) as Checked;
  const answer = (about: string) => data.answers.find(({ fine }) => fine.includes(about))?.level;
  return { exitCode, ...data, answer };
}

describe('tv scale check', { timeout: 120_000 }, () => {
  it('counts one indexer and one relay, and judges the resources', async () => {
    const { exitCode, answer, findings } = await check();
    expect([answer('one indexer'), answer('one oracle relay'), answer('they work')]).toEqual([
      'ok',
      'ok',
      'ok',
    ]);
    // The sandbox has one API process and a small PostgreSQL.
    expect([answer('workers'), answer('PostgreSQL'), exitCode]).toEqual(['warning', 'warning', 1]);
    const cores = Number((await sandbox.inside('nproc')).stdout);
    expect(findings.find(({ id }) => id === 'api-workers')?.sentence).toContain(
      `should have ${2 * cores + 1} (2 × cores + 1)`,
    );
  });

  it('finds a second indexer on another host, a host named twice, and one that does not answer', async () => {
    const file = join(sandbox.dir, 'tv.yaml');
    const config = parse(await readFile(file, 'utf8')) as {
      environments: Record<string, { host: { prefix: string[]; others?: Record<string, string[]> } }>;
    };
    const host = config.environments['sandbox']?.host;
    const prefix = host?.prefix ?? [];
    const renamed = ['unshare', '--uts', 'sh', '-c', 'hostname vault-2 && exec "$@"', 'sh'];
    Object.assign(host ?? {}, {
      others: { 'vault-2': [...prefix, ...renamed], again: prefix, gone: ['/nonexistent/ssh', 'vault-3'] },
    });
    const several = join(sandbox.dir, 'several.yaml');
    await writeFile(several, stringify(config), { mode: 0o600 });
    const found = await check('--config', several);
    expect(found.exitCode).toBe(2);
    const sentence = (id: string) => found.findings.find((finding) => finding.id === id)?.sentence;
    expect(sentence('hosts-indexer')).toContain('the indexer runs on 2 hosts (host, vault-2)');
    expect(sentence('hosts-oracle')).toContain('the oracle relay runs on 2 hosts (host, vault-2)');
    expect(sentence('same-machine:again')).toContain('again is the same machine as host');
    expect(sentence('host-away@gone')).toMatch(/^gone: /);
    expect(found.hosts.map(({ name, sameAs }) => [name, sameAs])).toEqual([
      ['host', null],
      ['vault-2', null],
      ['again', 'host'],
      ['gone', null],
    ]);
  });

  it('finds an indexer that is on none of the hosts, by its database session', async () => {
    await sandbox.systemctl('stop', 'tempovault-indexer');
    const elsewhere = new Client({
      ...{ host: '127.0.0.1', port: sandbox.info.ports.database, database: 'tempovault', user: 'tempovault' },
      password: readPassword(sandboxPaths(sandbox.dir), 'tempovault'),
      application_name: 'event_indexer',
    });
    try {
      await elsewhere.connect();
      const { exitCode, answer, findings } = await check();
      expect([exitCode, answer('one indexer'), answer('every unit')]).toEqual([2, 'critical', 'critical']);
      expect(findings.find(({ id }) => id === 'second-indexer')?.sentence).toContain(
        'a session writes the event tables although the unit does not run',
      );
    } finally {
      await elsewhere.end();
      await sandbox.systemctl('start', 'tempovault-indexer');
    }
  });
});

const nginx = ['/usr/sbin/nginx', '/usr/local/sbin/nginx'].find((path) => existsSync(path));

/** An API server, as far as nginx is concerned, that counts what reaches it. */
async function apiServer(chainId: number) {
  let requests = 0;
  const server: Server = createServer((_, response) => {
    requests += 1;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ status: 'healthy', service: 'api', chain_id: chainId, latest_block: 1 }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    requests: () => requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

describe.skipIf(nginx === undefined)('tv scale nginx, on a real nginx', { timeout: 120_000 }, () => {
  let folder: string;
  let file: string;
  let port: number;

  beforeAll(async () => {
    folder = join(sandbox.dir, 'nginx');
    file = join(folder, 'conf.d/tempovault.conf');
    await mkdir(join(folder, 'conf.d'), { recursive: true });
    [port = 0] = await freePorts(1);
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((name) => `${name}_temp_path ${folder}/${name};`)
      .join('\n');
    const head = `user root; pid ${folder}/pid; error_log ${folder}/error.log; events {}`;
    const main = `${head}\nhttp {\naccess_log off;\n${temporary}\ninclude conf.d/*.conf;\n}\n`;
    await writeFile(join(folder, 'nginx.conf'), main);
    const started = await sandbox.inside(nginx ?? '', '-p', folder, '-c', join(folder, 'nginx.conf'));
    expect(started.exitCode, started.stderr).toBe(0);
  });

  const scale = (...flags: readonly string[]) => [
    ...['scale', 'nginx', '--listen', `127.0.0.1:${port}`],
    ...flags,
  ];
  const apply = ['--apply', '--yes'];
  const textNow = () => readFile(file, 'utf8').catch(() => null);
  const through = async () => (await fetch(`http://127.0.0.1:${port}/health`)).status;

  it('prints a configuration that nginx accepts, and changes nothing', async () => {
    const printed = await sandbox.tv(scale('--server', '10.0.1.1:3000', '[fd00::1]:3000=2'));
    expect(printed.exitCode, printed.stderr).toBe(0);
    expect(printed.stdout).toContain(
      '    least_conn;\n    server 10.0.1.1:3000 weight=1 max_fails=3 fail_timeout=10s;',
    );
    expect(printed.stdout).toContain('    server [fd00::1]:3000 weight=2 ');
    expect(printed.stdout).toMatch(/^# nginx -t accepts it by itself \(nginx [\d.]+ on the host\)\.$/m);
    expect(await textNow()).toBeNull();
    const unknown = await sandbox.tv(scale('--server', 'no-such-host.invalid:3000'));
    expect(unknown.exitCode).toBe(1);
    expect(words(unknown.stderr)).toMatch(/nginx -t rejects the configuration.*host not found in upstream/);
  });

  it('applies through kills, spreads requests, replaces, and undoes', async () => {
    const { chainId } = sandbox.info.deployment;
    await using one = await apiServer(chainId);
    await using two = await apiServer(chainId);
    const both = scale('--server', one.address, '--server', two.address, ...apply);
    const applied = await throughKills(sandbox.tv, both, {
      points: ['write:acted', 'reload:started'],
      resume: ['resume', '--yes'],
    });
    expect(applied.exitCode, applied.stderr).toBe(0);
    expect(words(applied.stderr)).toMatch(
      /✔ upstream 127\.0\.0\.1:\d+ answers \/health healthy through nginx at/,
    );
    const [before1, before2] = [one.requests(), two.requests()];
    for (let request = 0; request < 10; request++) expect(await through()).toBe(200);
    expect([one.requests() - before1, two.requests() - before2].every((requests) => requests >= 2)).toBe(
      true,
    );

    const again = await sandbox.tv(both);
    expect([again.exitCode, words(again.stderr)]).toEqual([0, expect.stringContaining('Nothing to do')]);

    const former = await textNow();
    const less = await sandbox.tv(scale('--server', one.address, ...apply));
    expect(less.exitCode, less.stderr).toBe(0);
    expect(await textNow()).not.toContain(two.address);
    // Workers with the former file that are ending may still take connections.
    const goesToTwo = async () => {
      const before = two.requests();
      for (let request = 0; request < 5; request++) await through();
      return two.requests() > before;
    };
    await until(async () => !(await goesToTwo()), { limitMs: 10_000, what: 'the end of former workers' });
    expect(await goesToTwo()).toBe(false);
    const alone = two.requests();

    const [, run = ''] = /runs report (\S+)/.exec(less.stderr) ?? [];
    const undone = await sandbox.tv(['runs', 'undo', run, '--yes']);
    expect(undone.exitCode, undone.stderr).toBe(0);
    expect(await textNow()).toBe(former);
    for (let request = 0; request < 6; request++) await through();
    expect(two.requests()).toBeGreaterThan(alone);
  });

  it('restores the former file where nginx would not use the new one, and keeps answering', async () => {
    const { chainId } = sandbox.info.deployment;
    await using one = await apiServer(chainId);
    const set = await sandbox.tv(scale('--server', one.address, ...apply));
    expect(set.exitCode, set.stderr).toBe(0);
    const former = await textNow();
    const [other = 0] = await freePorts(1);
    const rival = join(folder, 'conf.d/a-site.conf');
    await writeFile(rival, `server { listen 127.0.0.1:${other}; server_name _; return 200 "site"; }\n`);
    const refused = await sandbox.tv([
      'scale',
      'nginx',
      '--listen',
      `127.0.0.1:${other}`,
      '--server',
      one.address,
      ...apply,
    ]);
    expect(refused.exitCode, refused.stderr).toBe(1);
    expect(words(refused.stderr)).toContain('conflicting server name');
    expect(await textNow()).toBe(former);
    expect(await through()).toBe(200);
    expect((await sandbox.tv(['runs', 'list', '--json'])).stdout).toContain('rolled-back');
  });

  it.each([
    ['a server of another chain', async () => apiServer(1), 'of another chain'],
    [
      'no server that answers',
      async () => ({ address: `127.0.0.1:1`, [Symbol.asyncDispose]: async () => {} }),
      'no server answers',
    ],
  ])('%s → refused, nothing changed', async (_, start, reason) => {
    await using server = await start();
    const before = await textNow();
    const refused = await sandbox.tv(scale('--server', server.address, ...apply));
    expect(refused.exitCode, refused.stderr).toBe(3);
    expect(words(refused.stderr)).toContain(reason);
    expect(await textNow()).toBe(before);
  });

  it('a file that was changed by hand → refused, kept', async () => {
    const { chainId } = sandbox.info.deployment;
    await using one = await apiServer(chainId);
    const changed = `${await textNow()}# by hand\n`;
    await writeFile(file, changed);
    const refused = await sandbox.tv(scale('--server', one.address, ...apply));
    expect([refused.exitCode, words(refused.stderr)]).toEqual([
      3,
      expect.stringContaining('was changed by hand since tv wrote it'),
    ]);
    expect(await textNow()).toBe(changed);
  });
});
