import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import listRuns from '../../runbooks/runs/list.ts';
import reportRun from '../../runbooks/runs/report.ts';
import showRun from '../../runbooks/runs/show.ts';
import { RunScreen } from '../../src/cli/renderRun.ts';
import { toJsonDocument, toJsonEvent } from '../../src/cli/toJson.ts';
import { withoutSignedBytes } from '../../src/journal/signedBytes.ts';
import type { JournalEvent, RunEvent } from '../../src/runbook/events.ts';
import { FakeWorld, fakeRunbook } from '../support/fakeRunbook.ts';
import { fakeOutput, startScene, temporaryState } from '../support/fakes.ts';
import { plainPaint } from '../support/paint.ts';
import { play } from '../support/scenario.ts';
import { fakeSigned } from '../support/signedTransaction.ts';

/** Of a call without flags. */
const here = { environment: undefined };

let state: ReturnType<typeof temporaryState>;
beforeEach(() => {
  state = temporaryState();
});
afterEach(() => state.remove());

const signed = [fakeSigned('a'), fakeSigned('b'), fakeSigned('c')] as const;

/** A run whose steps note signed transactions: by itself, in a list, in another object. */
async function runWithTransactions() {
  const world = new FakeWorld(`${state.directory}-world`);
  world.notes.set('a', { transaction: signed[0] });
  world.notes.set('b', { 'replacement-7-1': [signed[1]], pause: { sent: signed[2] } });
  return play(fakeRunbook(world), { stateDirectory: state.directory });
}

function screenText(events: readonly RunEvent[]): string {
  let text = '';
  const add = (more: string) => {
    text += more;
  };
  const screen = new RunScreen(
    { print: add, result: add, busy: add, clearBusy: () => {} },
    plainPaint(100),
    () => 0,
  );
  for (const event of events) screen.show(event);
  return text;
}

describe('the bytes of a signed transaction', () => {
  it('are in the journal, and in nothing that shows its notes', async () => {
    const { run = '', events } = await runWithTransactions();
    const { ctx } = startScene(state.directory).engine;
    const journal = readFileSync(ctx.runs.file(run), 'utf8');
    for (const { raw } of signed) expect(journal).toContain(raw);
    const files: Record<string, string> = {};
    const writeFile = (path: string, text: string) => {
      files[path] = text;
    };
    const report = await reportRun.run(
      { ...ctx, tell: () => {}, writeFile, appendLine: () => {}, output: fakeOutput() },
      { run, out: '.' },
    );
    const shown = await showRun.collect(ctx, { run });
    const listed = await listRuns.collect(ctx, { limit: 20 });
    const paint = plainPaint(100);
    const places: Readonly<Record<string, string>> = {
      ...files,
      'runs report --json': toJsonDocument('tv.runs-report/1', report, here),
      'runs show': showRun.render(shown, paint, { run }),
      'runs show --json': toJsonDocument('tv.runs-show/1', shown, here),
      'runs list': listRuns.render(listed, paint, { limit: 20 }),
      'runs list --json': toJsonDocument('tv.runs-list/1', listed, here),
      'the run': screenText(events),
      'the run --json': events.map((event) => toJsonEvent(event, new Date(0), here)).join(''),
      'audit log': JSON.stringify(ctx.audit.entries()),
    };
    expect(Object.keys(places)).toHaveLength(10);
    const leaks = Object.entries(places).filter(([, text]) => /76(aaaa|bbbb|cccc)/.test(text));
    expect(leaks.map(([place]) => place)).toEqual([]);
    // Of the transaction itself all else is there.
    for (const place of ['runs show --json', 'the run --json', ...Object.keys(files)]) {
      for (const { hash } of signed) expect(places[place], place).toContain(hash);
    }
  });

  it('are shown where the journal is not in the state directory: they are kept nowhere else', () => {
    const moved: RunEvent = { type: 'journal.moved', to: null, reason: 'The disk is full.' };
    const noted: JournalEvent = { type: 'step.noted', step: 'a', note: 'transaction', value: signed[0] };
    expect(screenText([moved, noted])).toContain(signed[0].raw);
    expect(toJsonEvent(noted, new Date(0), here, { unwritten: true })).toContain(signed[0].raw);
  });

  it('are known by name and form: other values of that name are kept', () => {
    const others = { raw: '4217', address: { raw: signed[0].from }, hash: { raw: signed[0].hash } };
    expect(withoutSignedBytes(others)).toEqual(others);
    expect(withoutSignedBytes({ ...others, raw: signed[0].raw })).toEqual({
      address: others.address,
      hash: others.hash,
    });
  });
});
