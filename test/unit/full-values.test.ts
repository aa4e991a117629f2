import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import breakerStatus from '../../runbooks/breaker/status.ts';
import oracleStatus from '../../runbooks/oracle/status.ts';
import reindexCheck from '../../runbooks/reindex/check.ts';
import sandboxStatus from '../../runbooks/sandbox/status.ts';
import status from '../../runbooks/status.ts';
import { renderChecks } from '../../src/cli/renderCheck.ts';
import { renderError } from '../../src/cli/renderError.ts';
import { RunScreen } from '../../src/cli/renderRun.ts';
import { type AnyRunbook, buildPlan } from '../../src/engine/engine.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { registry } from '../../src/registry.generated.ts';
import type { Report } from '../../src/runbook/define.ts';
import type { RunEvent } from '../../src/runbook/events.ts';
import type { Json } from '../../src/runbook/json.ts';
import type { Paint } from '../../src/runbook/paint.ts';
import { shortened } from '../../src/text/format.ts';
import { plainPaint } from '../support/paint.ts';

const brief = plainPaint(100);
const full: Paint = { ...brief, full: true };
const address = '0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc';
const hash = `0x${'4e'.repeat(32)}`;
/** An address, hash or id with its middle left out. */
const cut = /0x[0-9a-fA-F]{2,}…/;
const whole = /0x[0-9a-fA-F]{40,}/;

/** Both streams of a run's screen. */
function screenOf(paint: Paint, events: readonly RunEvent[]): string {
  let text = '';
  const print = (part: string) => {
    text += part;
  };
  const screen = new RunScreen({ print, result: print, busy: print, clearBusy: () => {} }, paint, () => 0);
  for (const event of events) screen.show(event);
  return text;
}

const runbooks = (
  await Promise.all(registry.map(async ({ command, load }) => [command, (await load()).default] as const))
).flatMap(([command, loaded]) =>
  loaded.kind === 'runbook' ? [[command, loaded as AnyRunbook] as const] : [],
);

describe('the plan, dry run and steps of every command', () => {
  it.each(runbooks)(
    '%s: --full has every value whole, and without it only commands have',
    (name, runbook) => {
      const { facts, input } = runbook.example;
      const { plan } = buildPlan({ name, runbook }, facts as never, input as never, 'production');
      const events: readonly RunEvent[] = [
        { type: 'plan.ready', plan, dryRun: true, overrides: [], direction: 'start' },
        ...plan.steps.flatMap(({ id }): readonly RunEvent[] => [
          { type: 'step.started', step: id },
          { type: 'step.done', step: id, result: null as Json, durationMs: 1, how: 'ran' },
        ]),
      ];
      const complete = screenOf(full, events);
      expect(complete).not.toMatch(cut);
      for (const { title } of plan.steps) {
        for (const [value] of title.matchAll(new RegExp(whole, 'g'))) expect(complete).toContain(value);
      }
      const short = screenOf(brief, events);
      expect(short.split('\n').filter((line) => whole.test(line) && !/^ *\$ /.test(line))).toEqual([]);
      for (const { command } of plan.steps) expect(short).toContain(command);
    },
  );

  it('some of them name accounts', () => {
    const titles = runbooks.flatMap(([, runbook]) =>
      runbook.plan(runbook.example.facts, runbook.example.input).map(({ title }) => title),
    );
    expect(titles.filter((title) => whole.test(title)).length).toBeGreaterThan(5);
  });
});

const about = `${address} sent ${hash} in block 5`;
const check = { id: 'sender', world: 'chain', status: 'block', summary: about } as const;
const render = (report: unknown, data: unknown) => (paint: Paint) =>
  (report as Report).render(data, paint, {} as never);
const sample = { id: 'key', level: 'warning', summary: about } as const;
const breaker = {
  ...{ pair: { id: hash }, open: false, signal: null, causes: [] },
  last: { kind: 'tripped', by: address, block: 5, at: null },
};

describe('a screen', () => {
  it.each<[string, (paint: Paint) => string]>([
    ['checks', (paint) => renderChecks([check], paint)],
    ['an error', (paint) => renderError(new TvError('check.blocked', `${about}.`), paint, false)],
    [
      'a failed step',
      (paint) =>
        screenOf(paint, [
          { type: 'step.failed', step: 'a', error: { message: about, facts: {}, next: [] }, durationMs: 1 },
        ]),
    ],
    ['a verification', (paint) => screenOf(paint, [{ type: 'run.checked', checks: [check] }])],
    [
      'tv status',
      render(status, {
        ...{ environment: 'production', chainId: 1, level: 'warning', sources: [], next: [] },
        findings: [
          { level: 'warning', sentence: about, evidence: { sender: address }, likely: null, cause: null },
        ],
      }),
    ],
    [
      'tv oracle status',
      render(oracleStatus, {
        ...{ environment: 'production', chainId: 1, level: 'warning', samples: [sample] },
        pairs: [{ pair: { id: hash }, nonce: '5', ageSeconds: 3, health: 'healthy', from: '' }],
      }),
    ],
    [
      'tv breaker status',
      render(breakerStatus, {
        ...{ environment: 'production', open: 0, breakers: [breaker], chainTime: 9, stalenessSeconds: 60 },
        ...{ historyUnknown: null, eventsSinceBlock: null, triedOn: { id: hash } },
        ...{ stops: { known: false, reason: 'no answer' }, resting: { known: false, reason: 'no answer' } },
      }),
    ],
    [
      'tv reindex check',
      render(reindexCheck, {
        ...{ fromBlock: 1, toBlock: 9, matched: 3, uncertain: [], unpaired: [], unstorable: [], blocks: 9 },
        missing: { total: 1, first: [{ block: 5, topic: '', transactionHash: hash, logIndex: 7 }] },
        surplus: { total: 0, first: [] },
        differing: {
          total: 1,
          first: [{ block: 6, table: 'events', transactionHash: hash, logIndex: 8, differences: [] }],
        },
        compared: [],
        missingBlocks: { total: 0, first: [] },
      }),
    ],
    [
      'tv sandbox status',
      render(sandboxStatus, {
        ...{ condition: 'up', dir: '/d', units: [], faults: [] },
        sandbox: {
          ...{
            name: 'drill',
            dir: '/d',
            ports: {},
            files: { config: '/d/tv.yaml', envFile: '/d/.env', backups: '/b', passwords: '/p' },
            machine: { prefix: [] },
          },
          accounts: { oracle: address },
        },
      }),
    ],
  ])('%s: shortened, and whole with --full', (_, draw) => {
    expect(draw(brief)).toMatch(cut);
    expect(draw(brief)).not.toMatch(whole);
    // Wrapped only at blanks.
    expect(draw(full)).not.toMatch(cut);
    expect(draw(full)).toMatch(whole);
  });

  it('shortens nothing that is to be pasted, and no facts', () => {
    const error = new TvError('oracle.key-unusable', 'It cannot pay.', {
      facts: { account: address },
      next: { tv: ['oracle', 'fund', address] },
    });
    expect(renderError(error, brief, false).match(new RegExp(address, 'g'))).toHaveLength(2);
  });
});

it.each([
  [`${address}.`, '0x9965…A4dc.'],
  [`(${hash}, ${address})`, '(0x4e4e…4e4e, 0x9965…A4dc)'],
  ['0x12345678 and 0x1234567890', '0x12345678 and 0x1234567890'],
  [`x${address}`, `x${address}`],
])('%s → %s', (text, expected) => {
  expect(shortened(text, brief)).toBe(expected);
  expect(shortened(text, full)).toBe(text);
});

it('nothing shortens a value before it is drawn', () => {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const early = ['runbooks', 'src'].flatMap((folder) =>
    readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && file !== 'text/format.ts')
      .filter((file) =>
        /\bshort\((?:[^()]|\([^()]*\))*, (?!paint\.full\))|…\$\{[^}]*\.slice\(-/.test(
          readFileSync(`${root}${folder}/${file}`, 'utf8'),
        ),
      ),
  );
  expect(early).toEqual([]);
});
