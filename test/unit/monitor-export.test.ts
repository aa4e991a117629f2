import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { plainAdvice } from '../../src/errors/advice.ts';
import { judge } from '../../src/observe/findings.ts';
import { figuresOf, measure, metrics } from '../../src/observe/metrics.ts';
import { alertRules, commands, prometheusRules } from '../../src/observe/monitor/alertRules.ts';
import { advance, levelOf } from '../../src/observe/monitor/alerts.ts';
import { grafanaDashboard } from '../../src/observe/monitor/dashboard.ts';
import { exposition } from '../../src/observe/monitor/exposition.ts';
import type { MonitorCheck } from '../../src/observe/monitor/monitor.ts';
import { type Served, serveMonitor } from '../../src/observe/monitor/server.ts';
import { contentSecurityPolicy, statusPage } from '../../src/observe/monitor/statusPage.ts';
import { rules, unreadable } from '../../src/observe/rules.ts';
import { sourceIds, type World } from '../../src/observe/world.ts';
import { parseAddress } from '../../src/operations/monitorUnit.ts';
import { registry } from '../../src/registry.generated.ts';
import { away, late, worldNow, worldSettings, worldWith } from '../support/observedWorld.ts';

function checkOf(world: World): MonitorCheck {
  const { findings } = judge({ world, settings: worldSettings, now: worldNow });
  const at = worldNow.getTime();
  const { alerts } = advance([], { findings, world, at, before: undefined, final: true });
  const measured = measure(world, worldNow);
  const figures = figuresOf(measured);
  return { at: worldNow, level: levelOf(alerts), world, findings, alerts, events: [], measured, figures };
}
const text = (world: World) => exposition(checkOf(world), 'production');
const linesOf = (world: World, name: string) =>
  text(world)
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`));

describe("Prometheus's text format", () => {
  it('HELP, TYPE and lines of a metric are adjacent, each once', () => {
    expect(text(worldWith())).toContain(`\
# HELP tempovault_service_active Whether systemd reports the unit as active.
# TYPE tempovault_service_active gauge
tempovault_service_active{environment="production",service="api"} 1
tempovault_service_active{environment="production",service="indexer"} 1
tempovault_service_active{environment="production",service="oracle"} 1
# HELP`);
    const types = [...text(worldWith()).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    expect(new Set(types).size).toBe(types.length);
    expect(text(worldWith())).toMatch(/^(# (HELP|TYPE) .*\n|[a-z_]+\{[^\n]*\} -?[\d.e+-]+\n)+$/);
  });

  it('quotes, backslashes and line breaks in a label are escaped', () => {
    const world = worldWith({
      nodes: ([node]) => [{ ...node, url: 'https://a"b\\c\nd' }],
    });
    expect(linesOf(world, 'tempovault_rpc_up')).toEqual([
      'tempovault_rpc_up{environment="production",node="https://a\\"b\\\\c\\nd"} 1',
    ]);
  });

  it('a source that says nothing: its metrics are absent, and it is not up', () => {
    const world = worldWith({}, { machine: late() });
    expect(linesOf(world, 'tempovault_memory_used_percent')).toEqual([]);
    expect(text(world)).not.toContain('# TYPE tempovault_memory_used_percent');
    expect(linesOf(world, 'tempovault_source_up')).toContain(
      'tempovault_source_up{environment="production",source="machine"} 0',
    );
    expect(linesOf(world, 'tempovault_source_up')).toContain(
      'tempovault_source_up{environment="production",source="disk"} 1',
    );
  });

  it('what is found, with what an alert needs', () => {
    const world = worldWith({
      services: (all) => ({ ...all, api: { ...all.api, activeState: 'failed', subState: 'failed' } }),
    });
    expect(linesOf(world, 'tempovault_finding')).toEqual([
      'tempovault_finding{environment="production",rule="service-down",subject="api",severity="critical",section="10",escalation="1"} 1',
    ]);
    expect(linesOf(worldWith(), 'tempovault_finding')).toEqual([]);
  });

  it.skipIf(spawnSync('promtool', ['--version']).status !== 0)(
    'promtool accepts it (skipped where promtool is missing)',
    () => {
      const { stdout, stderr, status } = spawnSync('promtool', ['check', 'metrics'], {
        input: text(worldWith()),
        encoding: 'utf8',
      });
      expect([status, stdout, stderr]).toEqual([0, '', '']);
    },
  );
});

describe('status page', () => {
  const place = { environment: 'prod<uction>', runbookUrl: 'https://wiki.example/r', line: plainAdvice };
  const checks = [1, 2, 3].map((value) => ({
    ...{ at: value * 1000, level: 'ok' as const, figures: { tempovault_indexer_lag_blocks: value } },
  }));
  const page = (world: World, problems: readonly string[] = []) =>
    statusPage(checkOf(world), checks, { place, everyMs: 15_000, problems });

  it('everything from outside is escaped', () => {
    const evil = `<script>alert('1')</script>"&`;
    const world = worldWith(
      {
        nodes: ([node]) => [
          { ...node, url: evil, durationMs: 9_000 },
          { ...node, url: evil },
        ],
      },
      {
        database: away(evil),
      },
    );
    const html = page(world, [evil]);
    expect(html).not.toMatch(/<script/i);
    expect(html).toContain('&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;');
    expect(html).toContain('prod&lt;uction&gt;');
  });

  it('needs nothing from elsewhere: its one style is the one that the policy names', () => {
    const html = page(worldWith({}, { database: away() }));
    const [, style = ''] = /<style>([\s\S]*)<\/style>/.exec(html) ?? [];
    const hash = createHash('sha256').update(style).digest('base64');
    expect(contentSecurityPolicy).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    expect(html).not.toMatch(/ style=| on\w+=|<(?:script|link|img|iframe|form|object)\b| src=/);
    expect(style).toContain('prefers-color-scheme:dark');
    expect(html).toContain('name="viewport"');
    expect(html).toMatch(/<html lang="en">/);
  });

  it('cause with what it explains, commands, trends in words too, what every source said', () => {
    const html = page(worldWith({}, { database: away('refused'), indexer: away('refused') }), ['no history']);
    expect(html).toContain('<span class="critical">critical:</span> refused');
    expect(html).toContain('which explains:');
    expect(html).toContain('href="https://wiki.example/r#8-alerts"');
    expect(html).toContain('aria-label="indexer lag: between 1 block and 3 blocks"');
    expect(html).toContain(
      '<polyline vector-effect="non-scaling-stroke" points="0.0,38.0 120.0,20.0 240.0,2.0"/>',
    );
    expect(html).toContain('<li>no history</li>');
    expect(html).toContain('<dt>indexer</dt><dd><span class="unknown">unknown:</span> refused</dd>');
  });

  it('a runbook that is no web address is no link', () => {
    const html = statusPage(checkOf(worldWith({}, { database: away() })), [], {
      place: { ...place, runbookUrl: 'javascript:alert(1)' },
      everyMs: 15_000,
      problems: [],
    });
    expect(html.match(/href="[^"]*"/g)).toEqual(['href="?hold"', 'href="?"']);
  });
});

describe('server', () => {
  const served: Served = { at: 100_000, metrics: 'm 1\n', page: '<p>page</p>' };
  const serve = async (last: Served | undefined, now = 100_000) =>
    serveMonitor({
      host: '127.0.0.1',
      port: 0,
      last: () => last,
      now: () => now,
      everyMs: 15_000,
      staleMs: 5_000,
      invocation: 'ab12',
    });

  it('page, metrics and health, with a policy that lets nothing run', async () => {
    await using server = await serve(served);
    const get = (path: string, init?: RequestInit) => fetch(server.url + path, init);
    const page = await get('/?x=1');
    expect([page.status, await page.text()]).toEqual([200, '<p>page</p>']);
    expect(page.headers.get('content-security-policy')).toBe(contentSecurityPolicy);
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    expect(page.headers.get('cache-control')).toBe('no-store');
    const metrics = await get('/metrics');
    expect([metrics.status, await metrics.text()]).toEqual([200, 'm 1\n']);
    expect(metrics.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const health = await get('/health');
    expect([health.status, await health.json()]).toEqual([
      200,
      { status: 'ok', lastLook: '1970-01-01T00:01:40.000Z', invocation: 'ab12' },
    ]);
    const head = await get('/', { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect((await get('/elsewhere')).status).toBe(404);
    const post = await get('/', { method: 'POST', body: 'x' });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('the page is loaded again at each check, also before the first one, unless it is held', async () => {
    await using server = await serve(served);
    await using early = await serve(undefined);
    const refresh = async (url: string) => (await fetch(url)).headers.get('refresh');
    expect(await refresh(`${server.url}/`)).toBe('15');
    expect(await refresh(`${early.url}/`)).toBe('15');
    expect(await refresh(`${server.url}/?hold`)).toBeNull();
    expect(await refresh(`${server.url}/?`)).toBe('15');
    expect(await refresh(`${server.url}/metrics`)).toBeNull();
  });

  it('before the first check, and long after the last → 503', async () => {
    await using early = await serve(undefined);
    expect((await fetch(`${early.url}/metrics`)).status).toBe(503);
    expect(await (await fetch(`${early.url}/health`)).json()).toEqual({
      ...{ status: 'stale', lastLook: null, invocation: 'ab12' },
    });
    await using stale = await serve(served, 105_001);
    expect((await fetch(`${stale.url}/health`)).status).toBe(503);
    expect((await fetch(`${stale.url}/metrics`)).status).toBe(200);
  });

  it('an address that is taken → an error with a code', async () => {
    await using server = await serve(served);
    const port = Number(new URL(server.url).port);
    const again = serveMonitor({
      host: '127.0.0.1',
      port,
      last: () => served,
      now: () => 0,
      everyMs: 1,
      staleMs: 1,
      invocation: null,
    });
    await expect(again).rejects.toMatchObject({ code: 'monitor.not-listening' });
  });

  it.each([
    ['9464', { host: '127.0.0.1', port: 9464 }],
    [':9464', { host: '0.0.0.0', port: 9464 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['[::1]:9464', { host: '::1', port: 9464 }],
    ['vault-1.example:80', { host: 'vault-1.example', port: 80 }],
  ])('%s is an address', (given, address) => {
    expect(parseAddress(given)).toEqual(address);
  });

  it.each(['', 'localhost', '1.2.3.4:70000', '::1:80', 'a b:80', 'http://x:80'])('%j is none', (given) => {
    expect(() => parseAddress(given)).toThrow('--serve needs an address');
  });
});

describe('alerting rules', () => {
  const all = alertRules('https://wiki.example/r');
  const known = new Set([
    ...metrics.map(({ name }) => name),
    'tempovault_source_up',
    'tempovault_finding',
    'tempovault_last_check_timestamp_seconds',
  ]);
  const namesIn = (value: unknown) => JSON.stringify(value).match(/tempovault_[a-z_]+/g) ?? [];

  it('one for each rule and each source that can be away, and each name once', () => {
    const selected = all.flatMap(({ expr }) => /rule="([^"]+)"/.exec(expr)?.[1] ?? []);
    const aways = sourceIds.flatMap((id) => unreadable[id].away ?? []);
    expect(selected.toSorted()).toEqual([...rules.map(({ id }) => id), ...aways].toSorted());
    expect(new Set(all.map(({ alert }) => alert)).size).toBe(all.length);
  });

  it('each has labels, and annotations with a link and a command that there is', () => {
    const anchors = all.map(({ annotations }) => annotations['runbook_url']);
    expect(
      anchors.filter((link) => link !== undefined && !/^https:\/\/wiki\.example\/r#[\w-]+$/.test(link)),
    ).toEqual([]);
    for (const { labels, annotations } of all) {
      expect(Object.keys(labels)).toEqual(['severity', 'section', 'escalation']);
      const words = annotations['command']?.replace(/^tv /, '') ?? '';
      expect(registry.map(({ command }) => command)).toContain(words);
      expect(annotations['summary']).toMatch(/\S/);
      expect(annotations['description']).toMatch(/\S/);
    }
    expect(Object.keys(commands).filter((id) => rules.every((rule) => rule.id !== id))).toEqual([]);
  });

  it('a finding that is held must last as long; others fire at once; only metrics that are exported are used', () => {
    const byName = new Map(all.map((rule) => [rule.alert, rule]));
    expect(byName.get('TempoVaultIndexerLag')?.forSeconds).toBe(60);
    expect(byName.get('TempoVaultServiceDown')?.forSeconds).toBe(0);
    expect(namesIn(all.map(({ expr }) => expr)).filter((name) => !known.has(name as never))).toEqual([]);
  });

  it('the file is YAML and says the same', () => {
    const { groups } = parseYaml(prometheusRules('RUNBOOK.md'));
    expect(groups).toHaveLength(1);
    expect(groups[0].rules).toHaveLength(all.length);
    expect(groups[0].rules.find(({ alert }: { alert: string }) => alert === 'TempoVaultIndexerLag')).toEqual({
      alert: 'TempoVaultIndexerLag',
      expr: 'tempovault_finding{rule="indexer-lag"} == 1',
      for: '60s',
      keep_firing_for: '120s',
      labels: { severity: '{{ $labels.severity }}', section: '8', escalation: '1' },
      annotations: {
        summary: 'The indexer is far behind{{ with $labels.subject }}: {{ . }}{{ end }}',
        description:
          'The indexer is far behind ({{ $labels.environment }}). tv status shows the figures, the cause and what mends it.',
        runbook_url: 'RUNBOOK.md#8-alerts',
        command: 'tv reindex check',
      },
    });
  });

  it.skipIf(spawnSync('promtool', ['--version']).status !== 0)(
    'promtool accepts them, and the lag fires after a minute (skipped where promtool is missing)',
    () => {
      const directory = mkdtempSync(join(tmpdir(), 'tv-promtool-'));
      try {
        writeFileSync(join(directory, 'rules.yaml'), prometheusRules('RUNBOOK.md'));
        writeFileSync(
          join(directory, 'test.yaml'),
          `rule_files: [rules.yaml]
evaluation_interval: 15s
tests:
  - interval: 15s
    input_series:
      - series: 'tempovault_last_check_timestamp_seconds{environment="p"}'
        values: '0+15x40'
      - series: 'tempovault_finding{environment="p",rule="indexer-lag",subject="",severity="warning",section="8",escalation="1"}'
        values: '1x40'
    alert_rule_test:
      - eval_time: 45s
        alertname: TempoVaultIndexerLag
        exp_alerts: []
      - eval_time: 2m
        alertname: TempoVaultMonitorStale
        exp_alerts: []
    promql_expr_test:
      - expr: ALERTS{alertname="TempoVaultIndexerLag",alertstate="firing"}
        eval_time: 75s
        exp_samples:
          - labels: 'ALERTS{alertname="TempoVaultIndexerLag",alertstate="firing",environment="p",rule="indexer-lag",severity="warning",section="8",escalation="1"}'
            value: 1
`,
        );
        for (const words of [
          ['check', 'rules', 'rules.yaml'],
          ['test', 'rules', 'test.yaml'],
        ]) {
          const { status, stdout, stderr } = spawnSync('promtool', words, {
            cwd: directory,
            encoding: 'utf8',
          });
          expect(status, stdout + stderr).toBe(0);
        }
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    },
  );

  it('the dashboard asks for exported metrics only, each at a place of its own', () => {
    const { panels } = grafanaDashboard() as {
      panels: readonly { id: number; gridPos: { x: number; y: number; w: number; h: number } }[];
    };
    const asked = new Set(namesIn(panels));
    expect([...asked].filter((name) => !known.has(name as never))).toEqual([]);
    const drawn = metrics.filter(({ name }) => !name.endsWith('_timestamp_seconds'));
    expect(drawn.filter(({ name }) => !asked.has(name))).toEqual([]);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const overlap = panels.filter(({ gridPos: a }, index) =>
      panels
        .slice(0, index)
        .some(({ gridPos: b }) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h),
    );
    expect(overlap).toEqual([]);
  });
});
