import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import axe, { type AxeResults } from 'axe-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { plainAdvice } from '../../src/errors/advice.ts';
import { judge } from '../../src/observe/findings.ts';
import { figuresOf, measure } from '../../src/observe/metrics.ts';
import { advance, levelOf } from '../../src/observe/monitor/alerts.ts';
import type { CheckRecord } from '../../src/observe/monitor/history.ts';
import type { MonitorCheck } from '../../src/observe/monitor/monitor.ts';
import { serveMonitor } from '../../src/observe/monitor/server.ts';
import { statusPage } from '../../src/observe/monitor/statusPage.ts';
import type { World } from '../../src/observe/world.ts';
import { hasChromium, openTab, type Tab } from '../support/chromium.ts';
import { away, late, worldNow, worldSettings, worldWith } from '../support/observedWorld.ts';

/** `TV_SCREENSHOTS`: a folder to keep what the browser shows, for a person. */
const kept = process.env['TV_SCREENSHOTS'];

const situations: readonly (readonly [name: string, world: World])[] = [
  ['well', worldWith()],
  [
    'faults',
    worldWith(
      {
        services: (all) => ({ ...all, api: { ...all.api, activeState: 'failed', subState: 'failed' } }),
        nodes: ([node, ...others]) => [{ ...node, durationMs: 9_000 }, ...others],
      },
      { database: away('connection refused'), indexer: away('connection refused'), breakers: late() },
    ),
  ],
];

function pageOf(world: World): string {
  const at = worldNow.getTime();
  const { findings } = judge({ world, settings: worldSettings, now: worldNow });
  const { alerts } = advance([], { findings, world, at, before: undefined, final: true });
  const measured = measure(world, worldNow);
  const figures = figuresOf(measured);
  const check: MonitorCheck = {
    ...{ at: worldNow, level: levelOf(alerts), world, findings, alerts, events: [], measured, figures },
  };
  const looks: readonly CheckRecord[] = Array.from({ length: 60 }, (_, index) => ({
    ...{ at: at - (60 - index) * 15_000, level: 'ok' as const },
    // With a gap, as of a source that did not answer.
    figures: index > 20 && index < 25 ? {} : { ...figures, tempovault_indexer_lag_blocks: (index * 7) % 11 },
  }));
  const place = { environment: 'production', runbookUrl: 'https://wiki.example/runbook', line: plainAdvice };
  return statusPage(check, looks, { place, everyMs: 15_000, problems: [] });
}

describe.skipIf(!hasChromium)('status page in Chromium (skipped where chromium is not installed)', () => {
  let tab: Tab;
  beforeAll(async () => {
    tab = await openTab();
  });
  afterAll(() => tab?.[Symbol.asyncDispose]());

  describe.each(situations)('%s', (name, world) => {
    it.each([
      { width: 1200, scheme: 'light' },
      { width: 1200, scheme: 'dark' },
      { width: 400, scheme: 'light' },
      { width: 400, scheme: 'dark' },
    ] as const)(
      '$width px, $scheme: nothing for axe to find, and nothing wider than the window',
      async (look) => {
        const at = worldNow.getTime();
        await using server = await serveMonitor({
          ...{ host: '127.0.0.1', port: 0, now: () => at, everyMs: 15_000, staleMs: 5_000, invocation: null },
          last: () => ({ at, metrics: '', page: pageOf(world) }),
        });
        await tab.open(server.url, look);
        if (kept !== undefined) {
          writeFileSync(join(kept, `${name}-${look.width}-${look.scheme}.png`), await tab.screenshot());
        }
        const [wide, paper] = await tab.evaluate<[number, string]>(
          '[document.documentElement.scrollWidth, getComputedStyle(document.body).backgroundColor]',
        );
        expect(wide).toBeLessThanOrEqual(look.width);
        // The policy lets the page's own style in, and the style follows the scheme.
        expect(paper).toBe(look.scheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(13, 17, 23)');
        await tab.evaluate(`${axe.source}; undefined`);
        const { violations, passes } = await tab.evaluate<AxeResults>('axe.run()');
        expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
        expect(passes.map(({ id }) => id)).toContain('color-contrast');
      },
    );
  });
});
