import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readMarks } from '../../src/database/backup/marks.ts';
import { plainAdvice } from '../../src/errors/advice.ts';
import { judge } from '../../src/observe/findings.ts';
import { figuresOf, measure, metrics } from '../../src/observe/metrics.ts';
import { type Alert, advance } from '../../src/observe/monitor/alerts.ts';
import { eventOf, type MonitorEvent, runbookLink } from '../../src/observe/monitor/event.ts';
import { History } from '../../src/observe/monitor/history.ts';
import { firing } from '../../src/observe/monitor/monitor.ts';
import { pluginLine } from '../../src/observe/monitor/pluginLine.ts';
import {
  deliver,
  notifyReceiver,
  type Receiver,
  splitWords,
  webhookFileReceiver,
  webhookReceiver,
} from '../../src/observe/monitor/receivers.ts';
import { eventLine, renderMonitor, sparkline, trendLines } from '../../src/observe/monitor/render.ts';
import { webhookBody } from '../../src/observe/monitor/webhookBody.ts';
import type { ValueOf, World } from '../../src/observe/world.ts';
import { away, late, worldNow, worldSettings, worldWith } from '../support/observedWorld.ts';
import { plainPaint } from '../support/paint.ts';
import { httpServer } from '../support/rpcServer.ts';

const place = { environment: 'production', runbookUrl: 'https://wiki.example/r.md', line: plainAdvice };
const down = worldWith({
  services: (all) => ({
    ...all,
    oracle: { ...all.oracle, activeState: 'failed', subState: 'failed', result: 'exit-code' },
  }),
});
const eventsOf = (world: World): readonly MonitorEvent[] => {
  const { findings } = judge({ world, settings: worldSettings, now: worldNow });
  const at = worldNow.getTime();
  const { changes } = advance([], { findings, world, at, before: undefined, final: true });
  return changes.map((change) => eventOf(change, at, place));
};
const [event] = eventsOf(down);
if (event === undefined) throw new Error('the relay is down');
const resolved: MonitorEvent = { ...event, status: 'resolved', endsAt: '2026-11-23T03:20:00.000Z' };

describe('performance data', () => {
  const figures = { tempovault_indexer_lag_blocks: 3, tempovault_api_answer_seconds: 0.0123456 };

  it('level, sentence, figures with their thresholds', () => {
    expect(pluginLine({ level: 'ok', findings: [], figures }, worldSettings)).toBe(
      'TEMPOVAULT OK - nothing is wrong | lag=3;100 api=0.012s;2\n',
    );
  });

  it('a bar and line breaks of others stay out of the figures; what is unknown has none', () => {
    const findings = [
      { sentence: 'a | b\nc\r\n\td | lag=9', cause: null },
      { sentence: 'explained by it', cause: 'a' },
      { sentence: 'more', cause: null },
    ];
    expect(pluginLine({ level: 'critical', findings, figures: {} }, worldSettings)).toBe(
      'TEMPOVAULT CRITICAL - a / b c d / lag=9 (and 1 more)\n',
    );
  });

  it('a very long sentence leaves the figures on the line', () => {
    const line = pluginLine(
      { level: 'critical', findings: [{ sentence: 'x'.repeat(5_000), cause: null }], figures },
      worldSettings,
    );
    expect(line).toMatch(/x… \| lag=3;100 api=/);
    expect(line.length).toBeLessThan(1_200);
  });
});

const changed = (all: ValueOf<'services'>, change: object) =>
  Object.fromEntries(Object.entries(all).map(([name, state]) => [name, { ...state, ...change }]));
const at = (minutes: number) => new Date(worldNow.getTime() + minutes * 60_000);
const job = { service: '', timer: '', enabled: true, active: true, running: false } as const;
const ended = { startedAt: at(-20), endedAt: at(-10), exitCode: 0 };
/** What a host may have, and that of the tests has not. */
const installed = {
  schedule: () => [
    { ...job, name: 'backup', next: at(30), last: { ...ended, result: 'success' } },
    { ...job, name: 'maintenance', next: undefined, last: { ...ended, result: 'exit-code' } },
  ],
  certificate: () => ({ host: 'h', issuer: 'i', validTo: at(60), untrusted: undefined }),
};
/** The points of a metric, as `LABEL VALUE`. */
const points = (world: World, name: string) =>
  measure(world, worldNow)
    .filter(({ metric }) => metric.name === `tempovault_${name}`)
    .flatMap((measured) => measured.points.map(({ labels, value }) => [...labels, value].join(' ')));

describe('metrics', () => {
  it.each<[string, readonly string[]]>([
    [
      'service_state_timestamp_seconds',
      ['api', 'indexer', 'oracle'].map((name) => `${name} ${at(-4_560).getTime() / 1000}`),
    ],
    ['service_memory_bytes', ['api 50000000', 'indexer 50000000', 'oracle 50000000']],
    ['service_outdated_variables', ['api 0', 'indexer 0', 'oracle 0']],
    ['rpc_head_block', ['https://a.example 5000', 'https://b.example 5000']],
    ['rpc_behind_blocks', ['https://a.example 0', 'https://b.example 0']],
    ['signal_nonce', ['A-B 7']],
    ['relay_balance', ['pathUSD 100']],
    ['api_dependency_ready', ['database 1', 'rpc 1']],
    ['scheduled_job_next_timestamp_seconds', [`backup ${at(30).getTime() / 1000}`]],
    ['scheduled_job_failed', ['backup 0', 'maintenance 1']],
    ['certificate_expiry_timestamp_seconds', [`${at(60).getTime() / 1000}`]],
    ['events_sampled_blocks', ['1000']],
    ['indexer_waiting_seconds', ['2']],
  ])('%s', (name, expected) => {
    expect(points(worldWith(installed), name)).toEqual(expected);
  });

  it.each<[string, string, Parameters<typeof worldWith>[0]]>([
    [
      'state of a unit',
      'service_state_timestamp_seconds',
      { services: (all) => changed(all, { since: undefined }) },
    ],
    [
      'memory of a unit',
      'service_memory_bytes',
      { services: (all) => changed(all, { memoryBytes: undefined }) },
    ],
    [
      'variables of a process',
      'service_outdated_variables',
      {
        envFile: (state) => ({
          ...state,
          services: state.services.map((one) => ({ ...one, outdated: undefined })),
        }),
      },
    ],
    ['head of a node', 'rpc_head_block', { nodes: (all) => all.map((one) => ({ ...one, head: undefined })) }],
    [
      'blocks behind',
      'rpc_behind_blocks',
      { nodes: (all) => all.map((one) => ({ ...one, behind: undefined })) },
    ],
    [
      'what the relay pays with',
      'relay_balance',
      { relay: (state) => ({ ...state, payer: { known: false, reason: 'late' } }) },
    ],
    [
      'nonce of the relay',
      'relay_transactions_total',
      { relay: (state) => ({ ...state, nonce: { known: false, reason: 'late' } }) },
    ],
    [
      'dependencies of the API',
      'api_dependency_ready',
      {
        api: (state) => ({
          ...state,
          ready: { ...state.ready, checks: { rpc: undefined, database: undefined } },
        }),
      },
    ],
    [
      'missing events, in doubt',
      'events_missing',
      { events: (sample) => ({ ...sample, doubt: 'no log index' }) },
    ],
    [
      'surplus events, in doubt',
      'events_surplus',
      { events: (sample) => ({ ...sample, doubt: 'no log index' }) },
    ],
    [
      'time of the next block',
      'indexer_waiting_seconds',
      {
        indexer: (state) => ({ ...state, waitingMs: { known: false, reason: 'late' } }),
      },
    ],
    [
      'what the jobs have not done yet',
      'scheduled_job_failed',
      {
        schedule: () => [{ ...job, name: 'backup', next: undefined, last: undefined }],
      },
    ],
  ])('unknown is no figure: %s', (_, name, changes) => {
    expect(points(worldWith(installed), name)).not.toEqual([]);
    expect(points(worldWith({ ...installed, ...changes }), name)).toEqual([]);
  });

  it('where all is known, every one has a figure', () => {
    const lacking = measure(worldWith(installed), worldNow).filter(({ points }) => points.length === 0);
    expect(lacking.map(({ metric: { name } }) => name)).toEqual([]);
    expect(new Set(metrics.map(({ name }) => name)).size).toBe(metrics.length);
  });

  it('are what the world says', () => {
    expect(figuresOf(measure(worldWith(), worldNow))).toMatchObject({
      tempovault_indexer_lag_blocks: 1,
      tempovault_newest_signal_age_seconds: 18,
      tempovault_memory_used_percent: 50,
      tempovault_disk_used_percent: 40,
      tempovault_api_answer_seconds: 0.012,
      tempovault_database_connections_used_percent: 4,
      tempovault_backup_verified_age_seconds: 312 * 60,
      tempovault_paused: 0,
      tempovault_relay_balance_lasts_seconds: 5_000_000,
    });
  });

  it('a source that says nothing has no figure, and a lag without a head has none', () => {
    const silent = figuresOf(measure(worldWith({}, { database: away(), machine: away() }), worldNow));
    expect(silent).not.toHaveProperty('tempovault_database_size_bytes');
    expect(silent).not.toHaveProperty('tempovault_memory_used_percent');
    expect(silent).toHaveProperty('tempovault_paused');
    const headless = worldWith({
      indexer: (value) => ({ ...value, head: { known: false, reason: 'late' } }),
      protocol: (value) => ({ ...value, paused: undefined }),
    });
    expect(figuresOf(measure(headless, worldNow))).not.toHaveProperty('tempovault_indexer_lag_blocks');
    expect(figuresOf(measure(headless, worldNow))).not.toHaveProperty('tempovault_paused');
  });

  it('breakers whose history could not be read are not counted, but for those that are open', () => {
    const figures = (open: boolean) =>
      figuresOf(
        measure(
          worldWith({
            breakers: (value) => ({
              ...value,
              historyUnknown: 'no logs',
              breakers: value.breakers.map((one) => ({ ...one, open })),
            }),
          }),
          worldNow,
        ),
      );
    expect(figures(false)).not.toHaveProperty('tempovault_breakers_open');
    expect(figures(false)).not.toHaveProperty('tempovault_breakers');
    expect(figures(true)).toMatchObject({ tempovault_breakers_open: 1 });
  });

  it('backups whose marks cannot be read are counted, and whether they are verified is not', () => {
    const world = worldWith({
      backups: (value) => {
        const [newest] = value.backups;
        if (newest === undefined) throw new Error('the world has a backup');
        return { ...value, backups: [{ ...newest, marks: readMarks('{"verif') }, newest] };
      },
    });
    const figures = figuresOf(measure(world, worldNow));
    expect(figures).toMatchObject({ tempovault_backups: 2 });
    for (const name of ['backups_verified', 'backups_copied', 'backup_verified_age_seconds'])
      expect(figures).not.toHaveProperty(`tempovault_${name}`);
  });
});

describe('events', () => {
  it('hold everything that a pager needs', () => {
    expect(event).toMatchObject({
      status: 'firing',
      id: 'service-down:oracle',
      alertname: 'TempoVaultServiceDown',
      level: 'critical',
      was: 'ok',
      command: 'tv oracle recover',
      runbook: 'https://wiki.example/r.md#10-troubleshooting',
      startsAt: '2026-11-23T03:12:00.000Z',
      endsAt: null,
    });
    expect(eventLine(event)).toBe(
      '2026-11-23T03:12:00Z critical service-down:oracle: tempovault-oracle is failed; tv oracle recover',
    );
    expect(eventLine(resolved)).toMatch(/^2026-11-23T03:12:00Z resolved service-down:oracle: /);
  });

  it('the command of an alert is without the condition before it', () => {
    const [node] = eventsOf(
      worldWith({
        nodes: (all) => all.map((one, index) => (index === 0 ? one : { ...one, durationMs: 3_000 })),
      }),
    );
    expect(node?.next).toEqual(['check the RPC URLs: tv config show']);
    expect(node?.command).toBe('tv config show');
  });

  it.each([
    ['RUNBOOK.md', '8', 'RUNBOOK.md#8-alerts'],
    ['https://wiki.example/r#top', '3', 'https://wiki.example/r#3-database-maintenance'],
    ['RUNBOOK.md', '', null],
  ])('link to the runbook at %s, section "%s" → %s', (base, section, link) => {
    expect(runbookLink(base, section)).toBe(link);
  });

  it("Alertmanager's message: labels, annotations, group, times", () => {
    const other = eventsOf(worldWith({}, { database: away(), indexer: away() }));
    expect(webhookBody([event])).toEqual({
      version: '4',
      groupKey: '{}:{environment="production"}',
      truncatedAlerts: 0,
      status: 'firing',
      receiver: 'tempovault',
      groupLabels: { environment: 'production' },
      commonLabels: {
        alertname: 'TempoVaultServiceDown',
        severity: 'critical',
        environment: 'production',
        section: '10',
        subject: 'oracle',
      },
      commonAnnotations: {
        summary: 'A service is not running',
        description: 'tempovault-oracle is failed\nsince: 3d 4h ago\nresult: exit-code',
        runbook_url: 'https://wiki.example/r.md#10-troubleshooting',
        command: 'tv oracle recover',
      },
      externalURL: '',
      alerts: [
        expect.objectContaining({
          status: 'firing',
          startsAt: '2026-11-23T03:12:00.000Z',
          endsAt: '0001-01-01T00:00:00Z',
          fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
        }),
      ],
    });
    const two = webhookBody([event, ...other]);
    expect(two.commonLabels).toEqual({ environment: 'production' });
    expect(two.alerts.length).toBe(1 + other.length);
  });

  it('an alert that came and went: its last state is sent, and the group is resolved', () => {
    const body = webhookBody([event, resolved]);
    expect(body.status).toBe('resolved');
    expect(body.alerts).toHaveLength(1);
    expect(body.alerts[0]?.endsAt).toBe('2026-11-23T03:20:00.000Z');
  });
});

describe('receivers', () => {
  let directory: string;
  let history: History<MonitorEvent>;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tv-receivers-'));
    history = await History.open(join(directory, 'monitor.sqlite'), 'production', (text) => text);
  });
  afterEach(() => {
    history.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const kept: string[] = [];
  const waits: number[] = [];
  const ctx = {
    clock: {
      now: () => worldNow,
      sleep: async (ms: number) => {
        waits.push(ms);
      },
    },
    signal: new AbortController().signal,
    redact: (text: string) => text.replaceAll('tempovault-oracle', '***'),
    keep: (secret: string) => {
      kept.push(secret);
    },
  };
  const record = (events: readonly MonitorEvent[]) =>
    history.record(() => ({
      ...{ at: worldNow.getTime(), level: 'ok' as const, figures: {}, alerts: [], events },
    }));
  const failing = (fails: () => boolean) => {
    const got: string[] = [];
    const receiver: Receiver = {
      title: 'r',
      name: 'r',
      atOnce: 1,
      send: async (events) => {
        if (fails()) throw new Error('no');
        got.push(...events.map(({ status }) => status));
      },
    };
    return { receiver, got };
  };

  it('a new one gets what fires now, and then each change once', async () => {
    const { receiver, got } = failing(() => false);
    record([event, resolved]);
    expect(await deliver([receiver], history, { at: worldNow, firing: [event] })).toEqual([]);
    expect(got).toEqual(['firing']);
    record([resolved]);
    await deliver([receiver], history, { at: worldNow, firing: [] });
    await deliver([receiver], history, { at: worldNow, firing: [] });
    expect(got).toEqual(['firing', 'resolved']);
  });

  it('a failure is said and tried again; after an hour it is old news', async () => {
    let fails = false;
    const { receiver, got } = failing(() => fails);
    await deliver([receiver], history, { at: worldNow, firing: [] });
    record([event]);
    fails = true;
    expect(await deliver([receiver], history, { at: worldNow, firing: [] })).toEqual([
      'r failed: no; retried at the next check',
    ]);
    fails = false;
    const later = new Date(worldNow.getTime() + 3_700_000);
    expect(await deliver([receiver], history, { at: later, firing: [] })).toEqual([]);
    expect(got).toEqual([]);
    record([{ ...resolved, at: later.toISOString() }]);
    await deliver([receiver], history, { at: later, firing: [] });
    expect(got).toEqual(['resolved']);
  });

  it('after more than an hour away: what still fires, and what is over, each once', async () => {
    let fails = false;
    const { receiver, got } = failing(() => fails);
    await deliver([receiver], history, { at: worldNow, firing: [] });
    fails = true;
    const other = { ...event, fingerprint: 'other' };
    record([event, other, { ...other, status: 'resolved' as const }]);
    await deliver([receiver], history, { at: worldNow, firing: [event] });
    fails = false;
    const later = new Date(worldNow.getTime() + 3_700_000);
    await deliver([receiver], history, { at: later, firing: [event] });
    await deliver([receiver], history, { at: later, firing: [event] });
    expect(got).toEqual(['firing', 'resolved']);
  });

  it('a program gets the event on standard input, secrets taken out', async () => {
    const file = join(directory, 'got');
    const receiver = notifyReceiver(`sh -c 'cat > "$1"' x "${file}"`, ctx);
    await receiver.send([event]);
    const got = JSON.parse(readFileSync(file, 'utf8'));
    expect(got).toMatchObject({ schema: 'tv.monitor-event/1', sentence: '*** is failed' });
  });

  it.each([
    ['exits with 3', "sh -c 'echo no disk >&2; exit 3'", /exit code 3 no disk/],
    ['is not there', '/nowhere/x', /cannot be started/],
  ])('a program that %s → the reason', async (_, command, reason) => {
    await expect(notifyReceiver(command, ctx).send([event])).rejects.toThrow(reason);
  });

  it('user and password of a URL travel as a header, and are shown nowhere', async () => {
    await using server = await httpServer((response) => void response.end());
    const url = server.url.replace('//', '//ops:hunter%2022@');
    const receiver = webhookReceiver(`${url}/hook/0123456789abcdef0123?token=abc`, ctx);
    await receiver.send([event]);
    expect(server.headers.authorization).toBe(`Basic ${Buffer.from('ops:hunter 22').toString('base64')}`);
    expect(kept).toContain('hunter 22');
    expect(receiver.title).toBe(`--webhook ${server.url}/hook/***?token=***`);
    expect(receiver.name).toMatch(/^webhook-[0-9a-f]{16}$/);
  });

  it('a password with a stray % is sent as it is written', async () => {
    await using server = await httpServer((response) => void response.end());
    await webhookReceiver(server.url.replace('//', '//ops:100%@'), ctx).send([event]);
    expect(server.headers.authorization).toBe(`Basic ${Buffer.from('ops:100%').toString('base64')}`);
    expect(kept).toContain('100%');
  });

  describe('a webhook whose URL is in a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tv-webhook-'));
    afterAll(() => rmSync(folder, { recursive: true }));
    const file = (text: string, mode = 0o600) => {
      const path = join(folder, `${Math.random()}`);
      writeFileSync(path, text, { mode });
      return path;
    };

    it('is called, and shown nowhere, also where it fails', async () => {
      const urls: (string | undefined)[] = [];
      await using server = await httpServer((response, _, request) => {
        urls.push(request.url);
        response.writeHead(404).end();
      });
      const url = `${server.url}/services/s3cr3t`;
      const path = file(`${url}\n`);
      const receiver = webhookFileReceiver(path, ctx);
      await expect(receiver.send([event])).rejects.toThrow(/^HTTP 404$/);
      expect(urls).toEqual(['/services/s3cr3t']);
      expect(kept).toContain(url);
      expect(receiver.title).toBe(`--webhook-file ${path}`);
      expect(receiver.name).toMatch(/^webhook-[0-9a-f]{16}$/);
    });

    it.each([
      ['readable by others', 'https://h/s3cr3t', 0o640, 'signer.file-exposed'],
      ['empty', '', 0o600, 'usage.malformed-value'],
      ['of two lines', 'https://h/s3cr3t\nhttps://h/other', 0o600, 'usage.malformed-value'],
      ['of another scheme', 's3cr3t:x', 0o600, 'usage.malformed-value'],
    ])('%s: refused without being shown', (_, text, mode, code) => {
      const path = file(text, mode);
      const refused = () => webhookFileReceiver(path, ctx);
      expect(refused).toThrow(
        expect.objectContaining({ code, facts: expect.objectContaining({ file: path }) }),
      );
      expect(refused).not.toThrow('s3cr3t');
    });
  });

  it.each([
    ['503 three times → given up', [503, 503, 503], [1_000, 3_000], 'HTTP 503'],
    ['503, then 200', [503, 200], [1_000], undefined],
    ['400 → not tried again', [400], [], 'HTTP 400'],
    ['a redirect is not followed', [302], [], 'HTTP 302'],
  ])('%s', async (_, codes, pauses, reason) => {
    waits.length = 0;
    let calls = 0;
    await using server = await httpServer((response) => {
      response.writeHead(codes[calls] ?? 200, { location: 'http://127.0.0.1:9/' });
      calls += 1;
      response.end();
    });
    const sent = webhookReceiver(server.url, ctx).send([event]);
    if (reason === undefined) await sent;
    else await expect(sent).rejects.toThrow(reason);
    expect(calls).toBe(codes.length);
    expect(waits).toEqual(pauses);
  });

  it('a webhook that has accepted an event and stalls in its body gets it once', async () => {
    let calls = 0;
    await using server = await httpServer((response) => {
      calls += 1;
      response.writeHead(200, { 'content-length': 100 }).write('half');
    });
    await webhookReceiver(server.url, ctx).send([event]);
    expect(calls).toBe(1);
  });

  it('a URL that is none is refused without being shown', () => {
    for (const text of ['hunter2', 'ftp://u:hunter2@h']) {
      expect(() => webhookReceiver(text, ctx)).toThrow('--webhook needs an http or https URL.');
    }
  });

  it.each([
    ['a b  c', ['a', 'b', 'c']],
    [`sh -c 'a "b" c' "d \\" e" f\\ g`, ['sh', '-c', 'a "b" c', 'd " e', 'f g']],
    [`a "" b`, ['a', '', 'b']],
    [`a 'b`, []],
    ['  ', []],
  ])('words of %s', (text, words) => {
    expect(splitWords(text)).toEqual(words);
  });
});

describe('screen', () => {
  const screenOf = (world: World, final = false) => {
    const { findings } = judge({ world, settings: worldSettings, now: worldNow });
    const at = worldNow.getTime();
    const { alerts } = advance([], { findings, world, at, before: undefined, final });
    return {
      environment: 'production',
      chainId: 4217,
      level: 'ok' as const,
      at: worldNow,
      alerts,
      problems: [],
    };
  };

  it('nothing fires', () => {
    expect(renderMonitor(screenOf(worldWith()), plainPaint(80))).toBe(
      'TempoVault · production · chain 4217 · ok\n\n  ✔ nothing is firing\n',
    );
  });

  it('what fires, what does not yet, what went wrong with tv itself, and what to do', () => {
    const world = worldWith({
      services: (all) => ({ ...all, oracle: { ...all.oracle, activeState: 'failed', subState: 'failed' } }),
      indexer: (value) => ({ ...value, block: 4_000 }),
    });
    const problems = ['nothing is kept in /x: disk full'];
    expect(
      renderMonitor({ ...screenOf(world), level: 'critical', problems }, plainPaint(60), ['lag ▁']),
    ).toBe(`\
TempoVault · production · chain 4217 · critical

  ✖ tempovault-oracle is failed
    since  3d 4h ago

  ? not firing yet: the indexer is 1 000 blocks behind (for
    0.0 s; fires after 1 min)

  ! nothing is kept in /x: disk full

Next: tv oracle recover
      journalctl -u tempovault-oracle -n 50 --no-pager

  lag ▁
`);
  });

  it('a cause that lingers stays above what it explains', () => {
    const apiAway = worldWith(
      { services: (all) => ({ ...all, api: { ...all.api, activeState: 'inactive', subState: 'dead' } }) },
      { api: away() },
    );
    const look = (world: World, before: readonly Alert[], seconds: number) => {
      const { findings } = judge({ world, settings: worldSettings, now: worldNow });
      const at = worldNow.getTime() + seconds * 1000;
      return advance(before, { findings, world, at, before: at - 15_000, final: false }).alerts;
    };
    // The history returns them in another order.
    const alerts = look(worldWith(), look(apiAway, [], 0).toReversed(), 15);
    const shown = firing(alerts, new Date(worldNow.getTime() + 15_000));
    expect(shown.map(({ id, cause, evidence }) => [id, cause, evidence['last found']])).toEqual([
      ['service-down:api', null, '2026-11-23T03:12:00.000Z'],
      ['api-away', 'service-down:api', '2026-11-23T03:12:00.000Z'],
    ]);
  });

  it('what is unknown because of what fires is one line', () => {
    const error = away();
    const world = worldWith({}, { database: error, indexer: error, backups: late() });
    const shown = renderMonitor({ ...screenOf(world), level: 'critical' }, plainPaint(80));
    expect(shown).toContain('1 finding more not firing yet, explained by what fires');
    expect(shown).toContain('not firing yet: backups unknown: no answer within 2.5 s');
    expect(shown).not.toContain('indexer unknown');
  });

  it.each([
    [[0, 1, 2, 3, 4, 5, 6, 7], '▁▂▃▄▅▆▇█'],
    [[5, 5, 5], '▁▁▁'],
    [[-10, undefined, 10], '▁ █'],
    [[], ''],
    [[0, 50, 61, 100, 130], '▁▅▅██', [0, 100]],
  ] as const)('a line of %j', (values, line, scale?: readonly [number, number]) => {
    expect(sparkline(values, scale)).toBe(line);
  });

  it('trends: the last value with its unit, and nothing where there never was one', () => {
    const looks = [1, 5, 9].map((lag) => ({
      ...{ at: lag, level: 'ok' as const, figures: { tempovault_indexer_lag_blocks: lag } },
    }));
    expect(trendLines(looks, plainPaint(80))).toEqual([`indexer lag  ${'▁▅█'.padEnd(40)}  9 blocks`]);
    // Two columns of indent are added.
    expect(trendLines(looks, plainPaint(60))).toEqual([`indexer lag  ${'▁▅█'.padEnd(35)}  9 blocks`]);
  });
});
