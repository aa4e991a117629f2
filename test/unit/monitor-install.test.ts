import { beforeEach, describe, expect, it } from 'vitest';
import { flagsOf, type MonitorInput, preflightMonitor } from '../../runbooks/monitor/install.preflight.ts';
import install from '../../runbooks/monitor/install.ts';
import remove from '../../runbooks/monitor/remove.ts';
import { monitoredBy, monitorPath, monitorUnitFile } from '../../src/host/monitorUnit.ts';
import { whoseUnit } from '../../src/host/unitFile.ts';
import {
  awaitFirstCheck,
  judgeHealth,
  type MonitorInstallFacts,
  urlOnHost,
  verifyMonitor,
} from '../../src/operations/monitorUnit.ts';
import type { CommandOutput } from '../../src/runbook/context.ts';
import type { StepContext } from '../../src/runbook/define.ts';
import { DrivenClock } from '../support/fakes.ts';

const call = {
  environment: 'production',
  program: ['/usr/local/bin/tv'],
  flags: ['-e', 'production', '--set', 'host.prefix=[]'],
  variables: { PATH: '/usr/bin:/opt/$x' },
};
const given: MonitorInput = { serve: '127.0.0.1:9464', every: 15_000, runbookUrl: 'RUNBOOK.md' };
const unit = (environment = 'production', input = given) =>
  monitorUnitFile({ ...call, environment }, flagsOf(input));

describe('the unit', () => {
  it('calls tv monitor with the flags given, at boot and whenever it ends', () => {
    const all: MonitorInput = {
      ...{ serve: ':9464', every: 30_000, runbookUrl: 'https://wiki.example/r' },
      ...{ notify: `/opt/my page --to "50% $TEAM"`, webhookFile: '/etc/hook', textfile: '/var/x.prom' },
    };
    const { path, text } = unit('production', all);
    expect(path).toBe('/etc/systemd/system/tempovault-monitor.service');
    expect(text.split('\n').find((line) => line.startsWith('ExecStart='))).toBe(
      'ExecStart=/usr/local/bin/tv -e production --set "host.prefix=[]" monitor --serve :9464 --every 30s --notify "/opt/my page --to \\"50%% $$TEAM\\"" --webhook-file /etc/hook --textfile /var/x.prom --runbook-url https://wiki.example/r',
    );
    expect(text).toContain('\nEnvironment=PATH=/usr/bin:/opt/$x\n');
    expect(text).toContain('\nRestart=always\n');
    expect(text).toContain('\nWantedBy=multi-user.target\n');
    expect(text).not.toContain('User=');
  });

  it('cannot be given a line of its own by a flag', () => {
    const { text } = unit('production', { ...given, notify: "x 'a\nExecStartPre=/bin/evil'" });
    expect(text.split('\n').filter((line) => line.startsWith('Exec'))).toHaveLength(1);
  });

  it('is known again, and known for edited, of another command, or of others', () => {
    const { text } = unit();
    expect(whoseUnit('monitor', text)).toBe('own');
    expect(whoseUnit('monitor', `${text}Nice=5\n`)).toBe('edited');
    expect(whoseUnit('db schedule', text)).toBe('foreign');
    expect(whoseUnit('monitor', text.replace(/^.*\n/, ''))).toBe('foreign');
    expect(monitoredBy(unit('staging').text)).toBe('staging');
  });
});

it.each([
  ['127.0.0.1', 'http://127.0.0.1:1'],
  ['0.0.0.0', 'http://127.0.0.1:1'],
  ['::', 'http://[::1]:1'],
  ['::1', 'http://[::1]:1'],
  ['fd00::5', 'http://[fd00::5]:1'],
  ['vault.internal', 'http://vault.internal:1'],
])('%s is reached by the host at %s', (host, url) => {
  expect(urlOnHost({ host, port: 1 })).toBe(url);
});

const id = 'ab'.repeat(16);
const at = '2026-11-23T03:12:00.000Z';
const health = (status: number, body: unknown) => ({
  status,
  headers: new Map<string, string>(),
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const fresh = { status: 'ok', lastLook: at, invocation: id };

describe('what /health proves', () => {
  it.each([
    ['a check of this start', health(200, fresh), id, 'answers'],
    ['nothing listens', undefined, id, 'waiting'],
    ['no check yet', health(503, { ...fresh, status: 'stale', lastLook: null }), id, 'waiting'],
    ['an old look', health(503, { ...fresh, status: 'stale' }), id, 'waiting'],
    ['HTTP 200 without a check', health(200, { ...fresh, lastLook: null }), id, 'waiting'],
    ['a check without a time', health(200, { ...fresh, lastLook: 'soon' }), id, 'waiting'],
    ['an earlier start of it', health(200, { ...fresh, invocation: 'cd'.repeat(16) }), id, 'other'],
    ['a monitor of no unit', health(200, { ...fresh, invocation: null }), id, 'other'],
    ['the unit does not run', health(200, { ...fresh, invocation: '' }), '', 'other'],
    ['a monitor of an older tv', health(200, { status: 'ok', lastLook: at }), id, 'other'],
    ['another program', health(200, '<html>'), id, 'other'],
    ['another program, JSON', health(200, '"ok"'), id, 'other'],
    ['nothing said', health(200, ''), id, 'other'],
    ['null', health(200, 'null'), id, 'other'],
  ] as const)('%s', (_, answer, invocation, kind) => {
    expect(judgeHealth(answer, invocation).kind).toBe(kind);
  });
});

const ok = (stdout = ''): CommandOutput => ({ exitCode: 0, stdout, stderr: '' });
const no = (exitCode = 1, stderr = ''): CommandOutput => ({ exitCode, stdout: '', stderr });

/** A host of one monitor; a command that no line of the table begins like is a trap. */
interface World {
  file: string | undefined;
  service: Record<string, string>;
  health: CommandOutput;
  answers: Record<string, CommandOutput>;
}
const listening = (status: number, body: unknown) =>
  ok(`HTTP/1.1 ${status} X\r\n\r\n${typeof body === 'string' ? body : JSON.stringify(body)}`);
const refused = no(7, 'curl: (7) Failed to connect: Connection refused\n');
const running = {
  ...{ LoadState: 'loaded', FragmentPath: monitorPath, ActiveState: 'active', SubState: 'running' },
  ...{ Result: 'success', UnitFileState: 'enabled', InvocationID: id, NRestarts: '0' },
};
const absent = {
  ...{ LoadState: 'not-found', FragmentPath: '', ActiveState: 'inactive', SubState: 'dead' },
  ...{ Result: 'success', UnitFileState: '', InvocationID: '', NRestarts: '0' },
};
let world: World;
let asked: string[];
let clock: DrivenClock;
beforeEach(() => {
  asked = [];
  clock = new DrivenClock(Date.parse(at));
  world = { file: undefined, service: absent, health: refused, answers: {} };
});

const settingsShown = (chainId: string) => [
  { key: 'chain.id', shown: chainId },
  { key: 'database.url', shown: 'postgres://tempovault:***@localhost/tempovault' },
];

function context(): StepContext {
  const run = async (command: readonly string[]): Promise<CommandOutput> => {
    const line = command.join(' ');
    asked.push(line);
    const named = Object.entries(world.answers).find(([part]) => line.includes(part));
    if (named !== undefined) return named[1];
    if (line.includes('--max-time')) return world.health;
    if (line === 'systemctl is-system-running') return ok('running\n');
    if (line.endsWith('multi-user.target')) return ok('LoadState=loaded\n');
    if (line.startsWith('systemctl show'))
      return ok(
        Object.entries(world.service)
          .map(([name, value]) => `${name}=${value}\n`)
          .join(''),
      );
    if (line.includes('for question in e d w x')) return ok('edwx');
    if (line.includes('command -v tv')) return ok('/usr/local/bin/tv\n/usr/bin:/bin\n');
    if (line.endsWith('--version')) return ok('tv 1.2.3\n');
    if (line.startsWith('realpath')) return ok('/usr/local/bin/tv\n');
    if (line.startsWith('env -i')) return ok(JSON.stringify({ settings: settingsShown('4217') }));
    if (line.startsWith('sh -c') && line.endsWith(monitorPath))
      return world.file === undefined
        ? no(1, 'stat: cannot stat: No such file or directory')
        : ok(`644 0 0\nroot\nroot\n${Buffer.from(world.file).toString('base64')}\n`);
    throw new Error(`unforeseen: ${line}`);
  };
  return {
    host: () => ({ prefix: [], run }),
    settings: { environment: 'production' },
    settingsOrigins: { files: [], values: settingsShown('4217') },
    clock,
    signal: new AbortController().signal,
  } as unknown as StepContext;
}

/** Checks that do not pass, each with what it says. */
async function problems(input: Partial<MonitorInput> = {}): Promise<Record<string, string>> {
  const { checks } = await preflightMonitor(context(), { ...given, notify: '/opt/page', ...input });
  return Object.fromEntries(
    checks.filter(({ status }) => status !== 'pass').map(({ id: name, summary }) => [name, summary]),
  );
}

describe('the preflight', () => {
  beforeEach(() => {
    world.answers['command -v -- "$1" sh /opt/page'] = ok('/opt/page\n');
  });

  it('of a bare host: all well, and the facts of an installation', async () => {
    expect(await problems()).toEqual({});
    const { facts } = await preflightMonitor(context(), { notify: '/opt/page', ...given });
    expect(facts).toMatchObject({
      environment: 'production',
      url: 'http://127.0.0.1:9464',
      receivers: ['--notify'],
      service: { wasActive: false, wasEnabled: false },
      files: [{ path: monitorPath, before: null }],
    });
    // The flags of tv on the host, and no prefix: it runs there.
    expect(facts?.files[0]?.text).toContain('-e production --set "host.prefix=[]" monitor --serve');
  });

  it('of an earlier installation that runs: is replaced', async () => {
    Object.assign(world, { file: unit().text, service: running, health: listening(200, fresh) });
    expect(await problems()).toEqual({});
    const { facts } = await preflightMonitor(context(), { notify: '/opt/page', ...given });
    expect(facts?.service).toEqual({ wasActive: true, wasEnabled: true, state: 'active' });
    expect(facts?.files[0]?.before).toBe(unit().text);
  });

  it.each<readonly [string, () => void, Partial<MonitorInput>, Record<string, unknown>]>([
    [
      'no receiver',
      () => {},
      { notify: undefined },
      { receivers: expect.stringContaining('to no receiver') },
    ],
    [
      'open to the network',
      () => {},
      { serve: ':9464' },
      { address: expect.stringContaining('no password') },
    ],
    [
      'a unit of others',
      () => Object.assign(world, { file: '[Service]\nExecStart=/bin/true\n' }),
      {},
      { unit: 'units of these names are there, and tv has not made them' },
    ],
    [
      'changed by hand',
      () =>
        Object.assign(world, {
          file: `${unit().text}Nice=5\n`,
          service: running,
          health: listening(200, fresh),
        }),
      {},
      { unit: 'unit files were changed by hand, and would be replaced' },
    ],
    [
      'of another environment',
      () =>
        Object.assign(world, { file: unit('staging').text, service: running, health: listening(200, fresh) }),
      {},
      { unit: 'tempovault-monitor.service monitors another environment' },
    ],
    [
      'of a package',
      () => Object.assign(world, { service: { ...running, FragmentPath: '/lib/systemd/system/x.service' } }),
      {},
      { service: expect.stringContaining('installed elsewhere') },
    ],
    [
      'masked',
      () => Object.assign(world, { service: { ...absent, LoadState: 'masked' } }),
      {},
      { service: expect.stringContaining('masked') },
    ],
    [
      'systemd does not answer',
      () =>
        Object.assign(world, {
          answers: { 'NRestarts tempovault-monitor.service': no(1, 'Failed to connect to bus') },
        }),
      { notify: undefined },
      { service: expect.stringContaining('systemd does not answer'), receivers: expect.anything() },
    ],
    [
      'the port of another monitor',
      () => Object.assign(world, { health: listening(200, fresh) }),
      {},
      { address: 'another program listens at http://127.0.0.1:9464' },
    ],
    [
      'the port of another program',
      () => Object.assign(world, { health: listening(404, 'no') }),
      {},
      { address: 'another program listens at http://127.0.0.1:9464' },
    ],
    [
      'the port of a program that does not speak HTTP',
      () => Object.assign(world, { health: no(1, 'curl: (1) Received HTTP/0.9 when not allowed') }),
      {},
      { address: 'No HTTP answer from http://127.0.0.1:9464/health.' },
    ],
    [
      'no curl',
      () => Object.assign(world, { health: no(20) }),
      {},
      { address: 'curl is not installed on the host.' },
    ],
    [
      'another chain on the host',
      () => Object.assign(world.answers, { 'env -i': ok(JSON.stringify({ settings: settingsShown('1') })) }),
      {},
      { tv: "The host's tv would work on something else than this one." },
    ],
    [
      '--notify without a program',
      () => {},
      { notify: '"x' },
      { receivers: expect.stringContaining('needs a program') },
    ],
    [
      'a path that is none of the host',
      () => {},
      { notify: './page' },
      { receivers: expect.stringContaining('whole path') },
    ],
    [
      'a secret in --notify',
      () => {},
      { notify: '/opt/page https://ops:hunter2@alerts.example' },
      { receivers: expect.stringContaining('holds a URL with a secret') },
    ],
    [
      'no such program',
      () => Object.assign(world.answers, { 'sh /opt/gone': no(127) }),
      { notify: '/opt/gone' },
      { receivers: 'the host has no program /opt/gone' },
    ],
    [
      'no folder for the textfile',
      () => Object.assign(world.answers, { 'sh /srv/none': ok('') }),
      { textfile: '/srv/none/x.prom' },
      { textfile: '/srv/none is not a folder of the host' },
    ],
  ])('%s', async (_, arrange, input, expected) => {
    arrange();
    expect(await problems(input)).toEqual(expected);
  });

  it.each<readonly [string, CommandOutput, CommandOutput, string | undefined]>([
    ['its owner alone, a URL', ok('600 0 regular file\n0\n'), ok(), undefined],
    ['not there', no(1, 'No such file'), no(2), 'the file of --webhook-file cannot be read'],
    [
      'readable by its group',
      ok('640 0 regular file\n0\n'),
      ok(),
      "the file of --webhook-file is not its owner's alone",
    ],
    [
      'of another user',
      ok('600 1000 regular file\n0\n'),
      ok(),
      "the file of --webhook-file is not its owner's alone",
    ],
    ['a FIFO', ok('600 0 fifo\n0\n'), ok(), '--webhook-file is not a regular file'],
    [
      'empty',
      ok('600 0 regular empty file\n0\n'),
      no(1),
      'the file of --webhook-file does not hold an http or https URL',
    ],
  ])('a webhook file: %s', async (_, state, grep, problem) => {
    Object.assign(world.answers, { 'stat -L -c': state, 'grep -q': grep });
    const found = await problems({ webhookFile: '/etc/tempovault/hook' });
    expect(found).toEqual(problem === undefined ? {} : { receivers: problem });
    // Its content stays there.
    expect(asked.filter((line) => /^(cat|head|base64)/.test(line))).toEqual([]);
  });

  it('an unknown port is no address for a service', async () => {
    await expect(preflightMonitor(context(), { ...given, serve: '127.0.0.1:0' })).rejects.toMatchObject({
      code: 'usage.malformed-value',
    });
  });
});

const facts: MonitorInstallFacts = {
  environment: 'production',
  files: [{ ...unit(), before: null }],
  url: 'http://127.0.0.1:9464',
  receivers: [],
  service: { wasActive: false, wasEnabled: false },
};

describe('the proof', () => {
  it.each<readonly [string, () => void, 'ok' | 'monitor' | 'unit']>([
    ['it runs, is enabled, and has checked', () => {}, 'ok'],
    [
      'not running',
      () => Object.assign(world, { service: { ...running, ActiveState: 'failed' } }),
      'monitor',
    ],
    [
      'started again in between',
      () => Object.assign(world, { service: { ...running, NRestarts: '1' } }),
      'monitor',
    ],
    [
      'not enabled',
      () => Object.assign(world, { service: { ...running, UnitFileState: 'disabled' } }),
      'monitor',
    ],
    ['active, and silent', () => Object.assign(world, { health: refused }), 'monitor'],
    [
      'another answers',
      () => Object.assign(world, { health: listening(200, { ...fresh, invocation: 'x' }) }),
      'monitor',
    ],
    ['no answer in time', () => Object.assign(world, { health: no(28, 'curl: (28) timed out') }), 'monitor'],
    [
      'no look yet',
      () => Object.assign(world, { health: listening(503, { ...fresh, lastLook: null }) }),
      'monitor',
    ],
    ['another file', () => Object.assign(world, { file: `${unit().text}#\n` }), 'unit'],
  ])('%s', async (_, arrange, wrong) => {
    Object.assign(world, { file: unit().text, service: running, health: listening(200, fresh) });
    arrange();
    const checks = await verifyMonitor(context(), facts);
    const blocked = checks.filter(({ status }) => status !== 'pass').map(({ id: name }) => name);
    expect(blocked).toEqual(wrong === 'ok' ? [] : [wrong]);
  });

  it('waits for the first check, and no longer', async () => {
    Object.assign(world, { service: running, health: refused });
    let requests = 0;
    const ctx = context();
    const { run } = ctx.host();
    const host = {
      prefix: [],
      run: async (command: readonly string[]) => {
        if (command.join(' ').includes('--max-time') && ++requests === 3)
          world.health = listening(200, fresh);
        return run(command);
      },
    };
    expect(await awaitFirstCheck({ ...ctx, host: () => host }, facts.url)).toEqual(new Date(at));
    expect(requests).toBe(3);
  });

  it.each<readonly [string, Partial<World>, string, boolean]>([
    ['never listens', { health: refused }, 'does not answer within 60 s', true],
    [
      'another answers in its place',
      { health: listening(200, { ...fresh, invocation: 'x' }) },
      'does not answer',
      true,
    ],
    [
      'ended',
      { service: { ...running, ActiveState: 'activating', SubState: 'auto-restart' } },
      'ended right after',
      false,
    ],
    [
      'started again',
      { service: { ...running, NRestarts: '2' }, health: listening(200, fresh) },
      'ended right after',
      false,
    ],
  ])('%s → an error', async (_, more, message, takesAll) => {
    Object.assign(world, { service: running, health: refused }, more);
    await expect(awaitFirstCheck(context(), facts.url)).rejects.toMatchObject({
      code: 'monitor.not-answering',
      message: expect.stringContaining(message),
    });
    expect(clock.now().getTime() - Date.parse(at) >= 60_000).toBe(takesAll);
  });
});

describe('the plan', () => {
  const ids = (service: MonitorInstallFacts['service']) =>
    install.plan({ ...facts, service }, install.example.input).map((step) => step.id);
  it('stops the monitor that runs before its file is replaced, so that an undo can start the former one', () => {
    expect(ids({ wasActive: false, wasEnabled: false })).toEqual(['write', 'start']);
    expect(ids({ wasActive: true, wasEnabled: true })).toEqual(['stop', 'write', 'start']);
  });

  it('of the removal can be undone as a whole', () => {
    const steps = remove.plan(remove.example.facts, {});
    expect(steps.map((step) => [step.id, step.effect])).toEqual([
      ['disable', 'reversible'],
      ['delete', 'reversible'],
    ]);
  });
});
