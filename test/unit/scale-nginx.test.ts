import { beforeEach, describe, expect, it } from 'vitest';
import { type NginxFacts, preflightNginx, readInUse } from '../../runbooks/scale/nginx.preflight.ts';
import { idIn, parseListen, parseServers, upstreamText, whoseText } from '../../runbooks/scale/nginx.text.ts';
import scale from '../../runbooks/scale/nginx.ts';
import { TimeoutError, TvError } from '../../src/errors/TvError.ts';
import { parseAnswer } from '../../src/host/fetchUrl.ts';
import { parseNginx } from '../../src/host/nginx/findNginx.ts';
import { isIncluded, parseIncludes, parseTest } from '../../src/host/nginx/runNginx.ts';
import type { CommandOutput, Context } from '../../src/runbook/context.ts';
import { DrivenClock } from '../support/fakes.ts';

describe('servers', () => {
  it.each([
    ['10.0.1.1:3000', '10.0.1.1:3000', 1],
    ['10.0.1.1:3000=7', '10.0.1.1:3000', 7],
    ['[FD00:0:0::1]:3000', '[fd00::1]:3000', 1],
    ['API-2.internal.:443=1000', 'api-2.internal:443', 1000],
    ['localhost:1', 'localhost:1', 1],
  ])('%s', (given, address, weight) => {
    expect(parseServers([given])).toEqual([{ address, weight }]);
  });

  it.each([
    '',
    ':3000',
    '10.0.1.1',
    '10.0.1.1:',
    '10.0.1.1:0',
    '10.0.1.1:65536',
    '10.0.1.1:03000',
    '10.0.1.1:3000.5',
    '10.0.1.1:-1',
    '10.0.1.256:3000',
    '10.0.1:3000',
    '1:3000',
    'fd00::1:3000',
    '[fd00::1]',
    '[fd00::1:3000',
    '[fe80::1%eth0]:3000',
    '[10.0.1.1]:3000',
    '0.0.0.0:3000',
    '[::]:3000',
    'a b:3000',
    'a;b:3000',
    'a:3000;',
    'a:3000; server b',
    'a:3000\nserver b:1',
    'a{}:3000',
    '$host:3000',
    '"a":3000',
    'a#:3000',
    'a_b:3000',
    '-a:3000',
    'unix:/run/api.sock',
    'http://a:3000',
    'user@a:3000',
    'a:3000=0',
    'a:3000=',
    'a:3000=-1',
    'a:3000=1.5',
    'a:3000=1001',
    'a:3000=2=3',
    'a:3000=2;',
    `${'a'.repeat(64)}:3000`,
    'ä:3000',
  ])('%j is refused', (given) => {
    expect(() => parseServers([given])).toThrow(expect.objectContaining({ exitCode: 2 }));
  });

  it.each([
    [['10.0.1.1:3000', '10.0.1.1:3000']],
    [['10.0.1.1:3000=1', '10.0.1.1:3000=2']],
    [['[fd00::1]:3000', '[FD00:0::1]:3000']],
    [['a.b:3000', 'A.B.:3000']],
  ])('%j: given twice', (given) => {
    expect(() => parseServers(given)).toThrow('A server is given twice.');
  });
});

describe('where nginx listens', () => {
  it.each([
    ['80', '80', 'http://127.0.0.1:80', ['127.0.0.1', '::1']],
    ['127.0.0.1:8080', '127.0.0.1:8080', 'http://127.0.0.1:8080', ['127.0.0.1', '::1']],
    ['10.0.0.5:80', '10.0.0.5:80', 'http://10.0.0.5:80', ['127.0.0.1', '::1', '10.0.0.5']],
    ['0.0.0.0:80', '0.0.0.0:80', 'http://127.0.0.1:80', ['127.0.0.1', '::1']],
    ['[::]:80', '[::]:80', 'http://[::1]:80', ['127.0.0.1', '::1']],
  ])('%s', (given, address, url, own) => {
    expect(parseListen(given, [])).toMatchObject({ address, url, own });
  });

  it.each(['', '0', '80;', '80 default_server', 'name:80', '*:80', '127.0.0.1', '::1:80'])(
    '%j is refused',
    (given) => {
      expect(() => parseListen(given, [])).toThrow(TvError);
    },
  );

  it.each([
    ['127.0.0.1:80', '80'],
    ['localhost:8080', '127.0.0.1:8080'],
    ['10.0.0.5:80', '10.0.0.5:80'],
  ])('a server %s behind %s would be nginx itself', (server, listen) => {
    expect(() => parseListen(listen, parseServers([server]))).toThrow('on which nginx itself listens');
  });
});

const servers = parseServers(['10.0.1.1:3000', '10.0.1.2:3000=2']);
const listen = parseListen('127.0.0.1:8080', servers);
const textOf = (environment: string, of = servers) =>
  upstreamText({ environment, servers: of, listen, name: 'api.example' });

describe('the file', () => {
  it('is the same for the same input, has the id of its content, and another one otherwise', () => {
    const { text, id } = textOf('production');
    expect(textOf('production').text).toBe(text);
    expect(idIn(text)).toBe(id);
    expect(textOf('production', parseServers(['10.0.1.1:3000'])).id).not.toBe(id);
    expect(text).toMatch(/least_conn;\n {4}server 10\.0\.1\.1:3000 weight=1 max_fails=3 fail_timeout=10s;/);
    expect(text).toContain('server_name api.example;');
  });

  it.each([
    ['as tv wrote it', (text: string) => text, 'ours'],
    ['a line more', (text: string) => `${text}# by hand\n`, 'changed'],
    ['another weight', (text: string) => text.replace('weight=2', 'weight=3'), 'changed'],
    [
      'its id replaced',
      (text: string) => text.replace(/ [0-9a-f]{16} always/, ` ${'0'.repeat(16)} always`),
      'changed',
    ],
    ['of another environment', () => textOf('staging').text, 'other-environment'],
    ['of others', () => 'server { listen 80; }\n', 'foreign'],
    ['empty', () => '', 'foreign'],
  ])('%s', (_, change, whose) => {
    expect(whoseText(change(textOf('production').text), 'production')).toBe(whose);
  });
});

const build = (arguments_: string) =>
  `/usr/sbin/nginx\nnginx version: nginx/1.22.1 (Debian)\nconfigure arguments:${arguments_} --prefix=/usr/share/nginx --conf-path=/etc/nginx/nginx.conf\nmasters\n`;

describe('what nginx prints', () => {
  it.each([
    ['', '/etc/nginx/nginx.conf', [], []],
    [
      '12 nginx: master process /usr/sbin/nginx -g daemon on; master_process on;\n',
      '/etc/nginx/nginx.conf',
      [],
      [12],
    ],
    [
      '12 nginx: master process nginx -p /srv/n -c /srv/n/my.conf\n',
      '/srv/n/my.conf',
      ['-p', '/srv/n', '-c', '/srv/n/my.conf'],
      [12],
    ],
    [
      '12 nginx: master process nginx -p /srv/n -c my.conf\n',
      '/srv/n/my.conf',
      ['-p', '/srv/n', '-c', 'my.conf'],
      [12],
    ],
    [
      '12 nginx: master process nginx -c /a\n13 nginx: master process nginx -c /b\n',
      '/etc/nginx/nginx.conf',
      [],
      [12, 13],
    ],
  ])('of its masters: %j', (masters, configuration, flags, pids) => {
    expect(parseNginx(build(' --with-threads') + masters)).toEqual({
      ...{ program: '/usr/sbin/nginx', version: '1.22.1', configuration, flags, masters: pids },
    });
  });

  it('of another program is not understood', () => {
    for (const output of ['', '/usr/bin/apache2\nServer version: Apache\nmasters\n', 'nginx\nmasters\n']) {
      expect(parseNginx(output)).toBeUndefined();
    }
  });

  it('of a test: its warnings and errors, cleaned', () => {
    const stderr = [
      'nginx: [warn] conflicting server name "_" on 0.0.0.0:80, ignored',
      '2026/11/29 20:29:12 [emerg] 29241#29241: bind() failed\u001b[31m',
      'nginx: the configuration file /etc/nginx/nginx.conf syntax is ok',
    ].join('\n');
    const { ok, problems } = parseTest({ exitCode: 1, stderr });
    expect(ok).toBe(false);
    expect(problems).toHaveLength(2);
    expect(problems[0]).toBe('conflicting server name "_" on 0.0.0.0:80, ignored');
    expect(problems[1]).toMatch(/^bind\(\) failed/);
    expect(problems[1]).not.toContain('\u001b');
  });

  it('of its includes: patterns, absolute, without comments', () => {
    const dump =
      'http {\n  include mime.types;\n  # include old/*.conf;\n  include "conf.d/*.conf"; include /srv/[ab]?.conf;\n}\n';
    const patterns = parseIncludes(dump, '/etc/nginx/nginx.conf');
    expect(patterns).toEqual(['/etc/nginx/mime.types', '/etc/nginx/conf.d/*.conf', '/srv/[ab]?.conf']);
    expect(
      [
        '/etc/nginx/conf.d/x.conf',
        '/etc/nginx/conf.d/y/x.conf',
        '/etc/nginx/conf.d/xconf',
        '/srv/b1.conf',
        '/srv/c1.conf',
      ].map((path) => isIncluded(path, patterns)),
    ).toEqual([true, false, false, true, false]);
    expect(isIncluded('/a/[', ['/a/['])).toBe(true);
  });

  it('of an answer: status, headers and body', () => {
    const answer = parseAnswer('HTTP/1.1 200 OK\r\nServer: nginx\r\nX-A: 1: 2\r\n\r\n{"a":"\r\n\r\n"}');
    expect([answer?.status, answer?.headers.get('x-a'), answer?.body]).toEqual([
      200,
      '1: 2',
      '{"a":"\r\n\r\n"}',
    ]);
    expect(['', 'SSH-2.0-OpenSSH', 'HTTP/1.1 200 OK\r\nServer: nginx'].map(parseAnswer)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

type Reply = Partial<CommandOutput> | Error;

/** A host with nginx: the answer of each command, by a word that is in it. */
let replies: Record<string, Reply>;
const health = (chainId: number, status = 'healthy') => ({
  stdout: `HTTP/1.1 200 OK\r\n\r\n${JSON.stringify({ status, chain_id: chainId, latest_block: 1 })}`,
});
const refused = {
  exitCode: 0,
  stdout: '',
  stderr: "curl: (7) Failed to connect to 10.0.1.2 port 3000: Couldn't connect to server",
};

beforeEach(() => {
  replies = {
    'nginx=$(command': { stdout: `${build('')}12 nginx: master process nginx\n` },
    'text.conf': {},
    ' -T': { stdout: 'include conf.d/*.conf;' },
    ' -t': {},
    'test -d': {},
    '%u %g': { exitCode: 1, stderr: 'stat: cannot stat: No such file or directory' },
    '10.0.1.1:3000': health(4217),
    '10.0.1.2:3000': health(4217),
    '127.0.0.1:8080': { stdout: '', stderr: 'curl: (7) Failed to connect: Connection refused' },
  };
});

function context(): Context {
  const run = async (command: readonly string[]): Promise<CommandOutput> => {
    const line = command.join(' ');
    const found = Object.entries(replies).find(([part]) => line.includes(part));
    if (found === undefined) throw new Error(`unforeseen: ${line}`);
    if (found[1] instanceof Error) throw found[1];
    return { exitCode: 0, stdout: '', stderr: '', ...found[1] };
  };
  return {
    settings: { environment: 'production', chain: { id: 4217 }, api: { publicUrl: 'https://api.example' } },
    clock: new DrivenClock(0),
    signal: new AbortController().signal,
    host: () => ({ prefix: [], run }),
  } as unknown as Context;
}

const wanted = { servers, listen, name: 'api.example', file: undefined, upstream: textOf('production') };
const asFile = (text: string) => ({
  stdout: `644 0 0\nroot\nroot\n${Buffer.from(text).toString('base64')}`,
});

describe('before anything is written', () => {
  it('all is well: a new file', async () => {
    const { checks, facts } = await preflightNginx(context(), wanted);
    expect(checks.map(({ id, status }) => `${id} ${status}`)).toEqual([
      ...['nginx pass', 'configuration pass', 'text pass', 'file pass', 'servers pass', 'in use pass'],
    ]);
    expect(facts).toMatchObject({ file: '/etc/nginx/conf.d/tempovault.conf', before: null, inUse: false });
    expect(scale.plan(facts as NginxFacts, {} as never).map(({ id }) => id)).toEqual(['write', 'reload']);
  });

  it('the file is there and in use: nothing to do', async () => {
    replies['%u %g'] = asFile(wanted.upstream.text);
    replies['127.0.0.1:8080'] = {
      stdout: `HTTP/1.1 200 OK\r\nX-Tempovault-Config: ${wanted.upstream.id}\r\n\r\n`,
    };
    const { facts } = await preflightNginx(context(), wanted);
    expect(facts?.inUse).toBe(true);
    expect(scale.plan(facts as NginxFacts, {} as never)).toEqual([]);
  });

  const table: readonly (readonly [string, Record<string, Reply>, string, 'block' | 'warn', RegExp])[] = [
    ['no nginx', { 'nginx=$(command': { exitCode: 20 } }, 'nginx', 'block', /not installed/],
    ['nginx is stopped', { 'nginx=$(command': { stdout: build('') } }, 'nginx', 'block', /does not run/],
    [
      'two of them run',
      { 'nginx=$(command': { stdout: `${build('')}1 nginx: master process a\n2 nginx: master process b\n` } },
      ...(['nginx', 'block', /which one is meant is unknown/] as const),
    ],
    [
      'a host that hangs',
      { 'nginx=$(command': new TimeoutError('host.timeout', 'sh did not finish within 30 s.') },
      'nginx',
      'block',
      /did not finish/,
    ],
    [
      'a configuration that is broken already',
      { ' -t': { exitCode: 1, stderr: 'nginx: [emerg] unexpected "}" in /etc/nginx/x:1' } },
      ...(['configuration', 'block', /rejects the configuration as it is now/] as const),
    ],
    [
      'a name that is not resolved',
      {
        'text.conf': {
          exitCode: 1,
          stderr: 'nginx: [emerg] host not found in upstream "x:1" in /tmp/a/text.conf:8',
        },
      },
      ...(['text', 'block', /rejects the new file/] as const),
    ],
    [
      'a test by itself that cannot be run',
      { 'text.conf': { exitCode: 1, stderr: 'nginx: [emerg] mkdir() failed (13: Permission denied)' } },
      ...(['text', 'warn', /could not be tested by itself/] as const),
    ],
    [
      'a folder that is not included',
      { ' -T': { stdout: 'include sites-enabled/*;' } },
      'file',
      'block',
      /no include line/,
    ],
    ['a dump that is empty', { ' -T': { stdout: '' } }, 'file', 'block', /no include line/],
    ['a folder that is not there', { 'test -d': { exitCode: 1 } }, 'file', 'block', /may not be written/],
    ['a file of others', { '%u %g': asFile('server {}') }, 'file', 'block', /not written by tv/],
    [
      'a file changed by hand',
      { '%u %g': asFile(`${textOf('production').text}#`) },
      'file',
      'block',
      /changed by hand/,
    ],
    [
      'a file of another environment',
      { '%u %g': asFile(textOf('staging').text) },
      'file',
      'block',
      /another environment/,
    ],
    [
      'a file that may not be read',
      { '%u %g': { exitCode: 1, stderr: 'Permission denied' } },
      'file',
      'block',
      /may not be read/,
    ],
    ['one server is down', { '10.0.1.2:3000': refused }, 'servers', 'warn', /1 of 2 answer/],
    [
      'one server is degraded',
      { '10.0.1.2:3000': health(4217, 'degraded') },
      'servers',
      'warn',
      /2 of 2 answer/,
    ],
    [
      'none answers',
      { '10.0.1.1:3000': refused, '10.0.1.2:3000': refused },
      'servers',
      'block',
      /no server answers/,
    ],
    [
      'one is of another chain',
      { '10.0.1.2:3000': health(42431) },
      'servers',
      'block',
      /of another chain than 4217/,
    ],
    [
      'a server that names no chain',
      { '10.0.1.2:3000': { stdout: 'HTTP/1.1 200 OK\r\n\r\n{"status":"healthy"}' } },
      ...(['servers', 'warn', /2 of 2 answer/] as const),
    ],
    [
      'what answers is no API',
      {
        '10.0.1.1:3000': { stdout: 'HTTP/1.1 200 OK\r\n\r\n<html>' },
        '10.0.1.2:3000': { stdout: 'HTTP/1.1 200 OK\r\n\r\n[]' },
      },
      ...(['servers', 'block', /no server answers/] as const),
    ],
    ['no curl', { '127.0.0.1:8080': { exitCode: 20 } }, 'in use', 'block', /curl is not installed/],
    [
      'another program at the address',
      { '127.0.0.1:8080': { stdout: 'HTTP/1.1 404 Not Found\r\nServer: uvicorn\r\n\r\n' } },
      ...(['in use', 'warn', /apparently not nginx/] as const),
    ],
    [
      'something that does not speak HTTP at the address',
      { '127.0.0.1:8080': { stderr: 'curl: (28) Operation timed out' } },
      ...(['in use', 'block', /No HTTP answer/] as const),
    ],
  ];
  it.each(table)('%s', async (_, change, id, status, summary) => {
    Object.assign(replies, change);
    const { checks, facts } = await preflightNginx(context(), wanted);
    const found = checks.find((check) => check.id === id);
    expect([found?.status, found?.summary]).toEqual([status, expect.stringMatching(summary)]);
    if (status === 'block' && id !== 'configuration' && id !== 'text' && id !== 'servers')
      expect(facts).toBeUndefined();
  });
});

it('servers of two chains → refused, also where no chain is configured', async () => {
  replies['10.0.1.2:3000'] = health(1);
  const ctx = context();
  const { checks } = await preflightNginx(
    { ...ctx, settings: { ...ctx.settings, chain: {} } } as never,
    wanted,
  );
  expect(checks.find(({ id }) => id === 'servers')).toMatchObject({
    status: 'block',
    facts: { '10.0.1.2:3000': 'chain 1' },
  });
});

describe('afterwards', () => {
  const facts: NginxFacts = {
    ...scale.example.facts,
    servers,
    listen,
    name: 'api.example',
    ...wanted.upstream,
  };
  const proof = (status: number, id: string, chainId = 4217) => ({
    stdout: `HTTP/1.1 ${status} X\r\nX-Tempovault-Config: ${id}\r\nX-Tempovault-Server: 10.0.1.1:3000\r\n\r\n{"status":"healthy","chain_id":${chainId}}`,
  });

  it.each([
    ['the file, the configuration and an answer through the upstream', {}, ['pass', 'pass']],
    ['another file', { '%u %g': asFile('x') }, ['block', 'pass']],
    ['a configuration that is rejected', { ' -t': { exitCode: 1 } }, ['block', 'pass']],
    ['the former workers', { '127.0.0.1:8080': proof(200, '0'.repeat(16)) }, ['pass', 'block']],
    ['no server answers through it', { '127.0.0.1:8080': proof(502, wanted.upstream.id) }, ['pass', 'block']],
    ['an API of another chain', { '127.0.0.1:8080': proof(200, wanted.upstream.id, 1) }, ['pass', 'block']],
    ['nothing listens', { '127.0.0.1:8080': refused }, ['pass', 'block']],
    ['no answer in time', { '127.0.0.1:8080': { stderr: 'curl: (28) timed out' } }, ['pass', 'block']],
  ] as const)('%s', async (_, change, expected) => {
    Object.assign(replies, { '%u %g': asFile(facts.text), '127.0.0.1:8080': proof(200, facts.id) }, change);
    const checks = await scale.verify(context() as never, facts, {} as never);
    expect(checks.map(({ status }) => status)).toEqual(expected);
  });

  it('what does not answer is not taken for "not in use"', async () => {
    replies['127.0.0.1:8080'] = { stderr: 'curl: (28) Operation timed out' };
    await expect(readInUse(context(), wanted)).rejects.toThrow(TvError);
    replies['127.0.0.1:8080'] = refused;
    expect(await readInUse(context(), wanted)).toEqual({ id: '', listens: false, isNginx: undefined });
  });

  const tvText = (id: string) => `# tv scale nginx\n${wanted.upstream.text.replaceAll(facts.id, id)}`;
  const [ofFormer, ofOther] = ['f'.repeat(16), 'e'.repeat(16)];
  const own = proof(200, facts.id);
  it.each([
    ['nothing listens, and something did before', null, { id: '', listens: true }, refused, 'block'],
    ['nothing listens, as before', null, { id: '', listens: false }, refused, 'pass'],
    [
      'nothing listens, and the former text was in use',
      ofFormer,
      { id: ofFormer, listens: true },
      refused,
      'block',
    ],
    [
      'the former text is in use again',
      ofFormer,
      { id: ofFormer, listens: true },
      proof(200, ofFormer),
      'pass',
    ],
    [
      'the former text is in use, and was not before',
      ofFormer,
      { id: '', listens: true },
      proof(200, ofFormer),
      'pass',
    ],
    [
      'another text is in use than before',
      ofFormer,
      { id: ofFormer, listens: true },
      proof(200, ofOther),
      'block',
    ],
    ['none of tv is in use, and one was', ofFormer, { id: ofFormer, listens: true }, proof(200, ''), 'block'],
    ['the text of the run is still in use', null, { id: '', listens: true }, own, 'block'],
  ] as const)('undone: %s', async (_, before, former, reply, status) => {
    replies['127.0.0.1:8080'] = reply;
    const text = before === null ? null : tvText(before);
    const [, step] = scale.plan({ ...facts, before: text, former }, {} as never);
    const clock = new DrivenClock(0);
    const ctx = { ...context(), clock, signal: new AbortController().signal } as never;
    expect(await step?.checkUndone?.(ctx)).toMatchObject({ status });
  });

  it('a file that was changed since is neither written nor restored', async () => {
    replies['%u %g'] = asFile('changed since');
    const ctx = { ...context(), runId: 'run' } as never;
    for (const step of scale.plan({ ...facts, inUse: false }, {} as never)) {
      await expect(step.undo?.(ctx)).rejects.toMatchObject({ code: 'run.changed-outside' });
      await expect(step.assertUndoable?.(ctx)).rejects.toMatchObject({ code: 'run.changed-outside' });
    }
    const [write] = scale.plan({ ...facts, inUse: false }, {} as never);
    await expect(write?.run(ctx)).rejects.toMatchObject({ code: 'run.changed-outside' });
  });
});
