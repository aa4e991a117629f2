import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OperatorName, operators } from '../../scripts/drills/operators.ts';
import { thisOperator } from '../../src/journal/operator.ts';
import { drillName } from '../../src/sandbox/drill/drill.ts';
import { systemdObstacle } from '../../src/sandbox/machine/systemdObstacle.ts';
import { type TvHome, tracesOf, tvHome } from '../support/sandbox.ts';

/** A seed and what it hides. `npm run drills` lets three operators through twenty. */
const drills = [{ seed: 6, faults: ['no-cors', 'corrupt-db'], idlePoints: -20 }] as const;

const sandbox = drillName(thisOperator().user);
let home: TvHome;

beforeAll(async () => {
  home = await tvHome();
});
afterAll(() => home?.[Symbol.asyncDispose]());

async function json(...args: readonly string[]) {
  const { exitCode, stdout, stderr } = await home.tv([...args, '--json'], { timeoutMs: 300_000 });
  expect(stdout, stderr).not.toBe('');
  return { exitCode, ...JSON.parse(stdout) };
}

const start = (seed: number) => json('drill', 'start', '--seed', String(seed), '--minutes', '10');

async function drill(seed: number, operator: OperatorName) {
  expect(await start(seed)).toMatchObject({ exitCode: 0, sandbox, seed });
  const desk = {
    sandbox,
    tv: (args: readonly string[]) => home.tv(args),
    paste: (line: string) => home.tv(['sandbox', 'shell', '--name', sandbox, '--', 'sh', '-c', line]),
  };
  const pasted = await operators[operator](desk);
  return { pasted, ended: await json('drill', 'end') };
}

/** Names and text of all files below, of those that are small. */
function* textsBelow(directory: string): Generator<string> {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    yield path;
    if (entry.isDirectory()) yield* textsBelow(path);
    else if (entry.isFile() && /\.(json|jsonl|yaml|conf|env|service)$/.test(entry.name))
      yield readFileSync(path, 'utf8');
  }
}

describe.skipIf((await systemdObstacle()) !== undefined)('drills', () => {
  it.each(drills)(
    'seed $seed: who does what the screens say comes before who does nothing',
    async ({ seed, faults, idlePoints }) => {
      const perfect = await drill(seed, 'perfect');
      const idle = await drill(seed, 'idle');
      const scores = [perfect, idle].map(({ ended }) => ended.score);
      expect(perfect.ended.outcome, perfect.pasted.join('\n')).toBe('solved');
      expect(scores[0].faults.map(({ fault }: { readonly fault: string }) => fault)).toEqual(faults);
      expect(scores[0]).toMatchObject({ wrongSevere: [], rowsLost: 0, fundsLost: [] });
      // That a service has crashed stays to be seen for a while after it was mended.
      const left = scores[0].otherFindings.filter((id: string) => !id.startsWith('service-restarted:'));
      expect(left).toEqual([]);
      // Everything that the shortest way names was on a screen, and the perfect operator pasted it.
      const way = scores[0].faults.flatMap((fault: { readonly way: readonly string[] }) => fault.way);
      const conditionless = (line: string) => line.replace(/^(?!tv |sed |systemctl )[^:]*: /, '');
      const exact = way.filter((line: string) => !line.includes('BLOCK'));
      expect(perfect.pasted).toEqual(expect.arrayContaining(exact.map(conditionless)));
      expect(scores[0].points).toBeGreaterThan(scores[1].points);
      expect(idle.ended).toMatchObject({ outcome: 'unsolved', score: { points: idlePoints } });
      expect(tracesOf(join(home.directory, 'sandbox', sandbox))).toEqual([]);
    },
    600_000,
  );

  it('while it is on, no screen and no file of tv names its faults, and they cannot be healed', async () => {
    const directory = join(home.directory, 'sandbox', sandbox);
    await start(16);
    expect(await json('drill', 'status')).toMatchObject({ state: 'running', drill: { seed: 16 } });
    expect(await json('drill', 'start')).toMatchObject({ exitCode: 3, code: 'drill.running' });
    const status = await home.tv(['drill', 'status']);
    const info = await home.tv(['sandbox', 'status', '--name', sandbox]);
    for (const text of [
      status.stdout,
      info.stdout,
      ...textsBelow(directory),
      ...textsBelow(join(home.directory, 'drills')),
    ]) {
      expect(text).not.toMatch(/full-memory|stall-indexer|broken on purpose/);
    }
    for (const words of [['--heal'], ['stop-rpc']]) {
      const refused = await json('sandbox', 'break', ...words, '--name', sandbox);
      expect(refused).toMatchObject({ exitCode: 3, code: 'drill.of-sandbox' });
    }
  }, 300_000);

  it('a sandbox that has gone → interrupted, without a score; it is in the history, and ends once', async () => {
    await home.tv(['sandbox', 'down', '--name', sandbox]);
    expect(await json('drill', 'status')).toMatchObject({ state: 'interrupted' });
    expect(await json('drill', 'end')).toMatchObject({ exitCode: 0, outcome: 'interrupted', score: null });
    expect(await json('drill', 'end')).toMatchObject({ exitCode: 3, code: 'drill.none' });
    const { state, history } = await json('drill', 'status');
    expect(state).toBe('none');
    expect(history[0]).toMatchObject({ outcome: 'interrupted', points: null });
    expect(history.slice(1).length).toBe(2);
  }, 120_000);
});
