import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ProgressLine } from '../../src/cli/progress.ts';
import { renderError } from '../../src/cli/renderError.ts';
import { RunScreen } from '../../src/cli/renderRun.ts';
import { toJsonDocument, toJsonError, toJsonEvent } from '../../src/cli/toJson.ts';
import { TvError } from '../../src/errors/TvError.ts';
import type { Check } from '../../src/runbook/check.ts';
import type { PlanData, RunEvent } from '../../src/runbook/events.ts';
import type { Paint } from '../../src/runbook/paint.ts';
import { visibleWidth } from '../../src/text/layout.ts';
import { deadOperator } from '../support/fakes.ts';
import { colourPaint, plainPaint } from '../support/paint.ts';

/** Of a call without flags. */
const here = { environment: undefined };

const checks: readonly Check[] = [
  {
    id: 'services',
    world: 'host',
    status: 'pass',
    summary: 'tempovault-indexer active 3d 4h, one process (812)',
  },
  {
    ...{ id: 'schema', world: 'database', status: 'warn' },
    summary: 'events + 10 tables; the runbook\'s "rebalances" does not exist here, left out',
    facts: { cursor: 'indexer_state outranks START_BLOCK, so both will be set to the same block' },
  },
  { id: 'backup', world: 'host', status: 'block', summary: '/backup has 1.0 GiB free, needs about 1.1 GiB' },
  { id: 'rows', world: 'database', status: 'skip', summary: 'skipped: needs schema' },
];

const plan: PlanData = {
  id: '7f3a91c2'.repeat(8),
  consequence: 'This deletes 1 204 332 rows and reads them from the chain again, which takes a while.',
  steps: [
    {
      ...{ id: 'stop', title: 'stop the indexer', effect: 'reversible', undo: 'start it' },
      command: 'systemctl stop tempovault-indexer',
    },
    {
      ...{ id: 'clear', title: 'clear 1 204 332 rows from block 12 345 678 on, and set the cursor' },
      ...{ effect: 'compensable', undo: 'restore step 2' },
      command: 'psql -c "BEGIN; DELETE FROM events WHERE block_number >= 12345678; COMMIT" tempovault',
    },
    {
      id: 'follow',
      title: 'follow it to the head',
      effect: 'final',
      undo: null,
      command: 'tv status --watch',
    },
  ],
};

const error = {
  code: 'db.table-locked' as const,
  message: 'The database did not take the statement, because another session holds a lock on events.',
  facts: { session: '4711', holder: 'psql, idle in transaction for 3 min' },
  next: ['look at the session, then tv resume 20261123-031200-reindex-7f3a'],
};

const run = '20261123-031200-reindex-7f3a';

/** Everything that a screen can show, in an order that no run has. */
const script: readonly RunEvent[] = [
  {
    ...{ type: 'preflight.started', runbook: 'reindex', title: 'Reindex events', section: '1' },
    ...{ environment: 'production', subject: 'chain 4217' },
  },
  { type: 'preflight.done', checks },
  { type: 'plan.ready', plan, dryRun: true, overrides: [], direction: 'start' },
  {
    ...{
      type: 'run.started',
      run,
      runbook: 'reindex',
      title: 'Reindex events',
      section: '1',
      risk: 'severe',
    },
    ...{ environment: 'production', operator: deadOperator(), version: '1.0.0', input: {}, facts: {} },
    ...{ checks, plan, overrides: [], confirmation: 'typed production' },
  },
  { type: 'step.started', step: 'stop' },
  { type: 'step.done', step: 'stop', result: null, durationMs: 1_200, how: 'ran' },
  { type: 'step.started', step: 'clear' },
  { type: 'step.failed', step: 'clear', error, durationMs: 200_000 },
  { type: 'step.done', step: 'clear', result: null, durationMs: 3, how: 'found' },
  { type: 'run.signalled', signal: 'SIGHUP' },
  { type: 'run.resumed', operator: deadOperator(), confirmation: '--confirm production' },
  { type: 'run.checked', checks: checks.slice(0, 2) },
  { type: 'run.undoing', operator: deadOperator(), confirmation: '--confirm production' },
  { type: 'undo.started', step: 'clear' },
  { type: 'undo.failed', step: 'clear', error },
  { type: 'undo.done', step: 'stop', durationMs: 900 },
  ...(
    ['verified', 'unverified', 'failed', 'rolled-back', 'interrupted', 'undone', 'undo-failed'] as const
  ).map((outcome): RunEvent => ({ type: 'run.ended', outcome, exitCode: 0 })),
];

interface Drawn {
  /** Both streams, as a terminal shows them. */
  readonly text: string;
  /** What went to standard output. */
  readonly result: string;
  readonly busy: string[];
}

function draw(events: readonly RunEvent[], paint: Paint, timings = false): Drawn {
  let text = '';
  let result = '';
  let now = 0;
  const busy: string[] = [];
  const screen = new RunScreen(
    {
      print: (part) => {
        text += part;
      },
      result: (part) => {
        text += part;
        result += part;
      },
      busy: (line) => busy.push(line),
      clearBusy: () => busy.push(''),
    },
    { call: ['reindex', '--from-block', '12345678'], ...paint },
    () => now,
    { timings },
  );
  for (const event of events) {
    screen.show(event);
    now += 1_000;
  }
  return { text, result, busy };
}

/** But for commands, which stay on one line to be pasted. */
const tooWide = (text: string, width: number) =>
  stripVTControlCharacters(text)
    .split('\n')
    .filter((line) => visibleWidth(line) > width && !/^(Next: | +(\$ )?)(tv|psql) \S/.test(line));

describe('the streams of a run', () => {
  const ready = (dryRun: boolean): RunEvent => ({
    ...{ type: 'plan.ready', plan, dryRun, overrides: [], direction: 'start' },
  });
  const started = script.slice(0, 2);

  it('a dry run: the plan is the result, the checks are not', () => {
    const { result, text } = draw([...started, ready(true)], plainPaint(80));
    expect(result).toMatch(/^Plan 7f3a91c2\n/);
    expect(result).toContain('Dry run: nothing was changed.');
    expect(result).toContain(`--plan ${plan.id}\n`);
    expect(result).not.toContain('Preflight');
    expect(text).toContain('Preflight');
  });

  it('a dry run ends with the command that runs its plan, whole and on one line', () => {
    const paint = { ...plainPaint(60, 'drill'), call: ['reindex', '--backup-dir', '/my backups'] };
    expect(draw([...started, ready(true)], paint).result).toContain(
      `\nNext: to run exactly this:\n      tv -e drill reindex --backup-dir '/my backups' --plan ${plan.id}\n`,
    );
  });

  it('a plan: its lines and their undo can be pasted here', () => {
    const steps: PlanData['steps'] = [
      {
        ...{
          id: 'a',
          title: 'pause',
          effect: 'final',
          undo: null,
          afterwards: { tv: ['emergency', 'resume'] },
        },
        command: 'cast send 0x12 "pause()" --rpc-url "$RPC_URL" --account emergency',
        runs: 'here',
      },
      {
        ...{ id: 'b', title: 'stop it', effect: 'reversible', undo: 'start it' },
        command: 'systemctl stop tempovault-indexer',
      },
      {
        ...{ id: 'c', title: 'look', effect: 'final', undo: null },
        command: 'tv reindex check --from-block 5',
        runs: 'tv',
      },
    ];
    const paint = {
      ...plainPaint(60, 'drill'),
      ...{ config: '/my tv.yaml', hostPrefix: ['ssh', 'ops@vault-1'], rpcUrl: 'http://127.0.0.1:8545' },
    };
    const event: RunEvent = { ...ready(false), plan: { ...plan, steps } } as RunEvent;
    expect(draw([event], paint).text).toContain(
      `  1  pause
     tv -e drill --config '/my tv.yaml' emergency resume
     $ cast send 0x12 "pause()" --rpc-url http://127.0.0.1:8545 --account emergency
  2  stop it                                  undo: start it
     $ ssh ops@vault-1 systemctl stop tempovault-indexer
  3  look
     $ tv -e drill --config '/my tv.yaml' reindex check --from-block 5
`,
    );
  });

  it('--full: the heading has the whole digest', () => {
    const paint = { ...plainPaint(80), full: true };
    expect(draw([...started, ready(true)], paint).result).toContain(`Plan ${plan.id}\n`);
  });

  it('a run: nothing of it is a result', () => {
    expect(draw([...started, ready(false)], plainPaint(80)).result).toBe('');
  });

  it('--verbose: how long the checks took', () => {
    expect(draw(started, plainPaint(80), true).text).toMatch(/\n {2}took 1\.0 s\n/);
    expect(draw(started, plainPaint(80)).text).not.toContain('took');
  });
});

describe('the screen of a run', () => {
  it('at 80 columns', () => {
    expect(draw(script.slice(0, 10), plainPaint(80)).text).toMatchInlineSnapshot(`
      "
      Reindex events · production · chain 4217                                      §1

      Preflight
        ✔ services  tempovault-indexer active 3d 4h, one process (812)
        ! schema    events + 10 tables; the runbook's "rebalances" does not exist
                    here, left out
                    cursor: indexer_state outranks START_BLOCK, so both will be set to
                      the same block
        ✖ backup    /backup has 1.0 GiB free, needs about 1.1 GiB
        – rows      skipped: needs schema

      Plan 7f3a91c2
        1  stop the indexer                                             undo: start it
           $ systemctl stop tempovault-indexer
        2  clear 1 204 332 rows from block 12 345 678 on, and set the cursor
           undo: restore step 2
           $ psql -c "BEGIN; DELETE FROM events WHERE block_number >= 12345678; COMMIT" tempovault
        3  follow it to the head
           $ tv status --watch

      Dry run: nothing was changed. This deletes 1 204 332 rows and reads them from
      the chain again, which takes a while.
      Next: to run exactly this:
            tv reindex --from-block 12345678 --plan 7f3a91c27f3a91c27f3a91c27f3a91c27f3a91c27f3a91c27f3a91c27f3a91c2

      Run 20261123-031200-reindex-7f3a
        ✔ 1  stop the indexer                                                    1.2 s
        ✖ 2  clear 1 204 332 rows from block 12 345 678 on, and set the cursor
             3 min 20 s
            The database did not take the statement, because another session holds a
            lock on events.
            session  4711
            holder   psql, idle in transaction for 3 min
      Next: look at the session, then tv resume 20261123-031200-reindex-7f3a
        ✔ 2  clear 1 204 332 rows from block 12 345 678 on, and set the cursor
             already done
        ! SIGHUP: stopped after the current step
      "
    `);
  });

  it('at 60 columns', () => {
    expect(draw(script.slice(0, 10), plainPaint(60)).text).toMatchInlineSnapshot(`
      "
      Reindex events · production · chain 4217                  §1

      Preflight
        ✔ services  tempovault-indexer active 3d 4h, one process
                    (812)
        ! schema    events + 10 tables; the runbook's "rebalances"
                    does not exist here, left out
                    cursor: indexer_state outranks START_BLOCK, so
                      both will be set to the same block
        ✖ backup    /backup has 1.0 GiB free, needs about 1.1 GiB
        – rows      skipped: needs schema

      Plan 7f3a91c2
        1  stop the indexer                         undo: start it
           $ systemctl stop tempovault-indexer
        2  clear 1 204 332 rows from block 12 345 678 on, and set
           the cursor                         undo: restore step 2
           $ psql -c "BEGIN; DELETE FROM events WHERE block_number >= 12345678; COMMIT" tempovault
        3  follow it to the head
           $ tv status --watch

      Dry run: nothing was changed. This deletes 1 204 332 rows
      and reads them from the chain again, which takes a while.
      Next: to run exactly this:
            tv reindex --from-block 12345678 --plan 7f3a91c27f3a91c27f3a91c27f3a91c27f3a91c27f3a91c27f3a91c27f3a91c2

      Run 20261123-031200-reindex-7f3a
        ✔ 1  stop the indexer                                1.2 s
        ✖ 2  clear 1 204 332 rows from block 12 345 678 on, and
             set the cursor
             3 min 20 s
            The database did not take the statement, because
            another session holds a lock on events.
            session  4711
            holder   psql, idle in transaction for 3 min
      Next: look at the session, then tv resume
            20261123-031200-reindex-7f3a
        ✔ 2  clear 1 204 332 rows from block 12 345 678 on, and
             set the cursor
             already done
        ! SIGHUP: stopped after the current step
      "
    `);
  });

  it.each([60, 66, 80, 100])('has no line wider than %i columns, with colour and without', (width) => {
    const plain = draw(script, plainPaint(width));
    const coloured = draw(script, colourPaint(width));
    expect(tooWide(plain.text, width)).toEqual([]);
    expect(tooWide(coloured.text, width)).toEqual([]);
    expect(coloured.text).toContain('\u001b[');
    // Colour is all that differs.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the codes that colourPaint writes
    expect(coloured.text.replace(/\u001b\[\d+m/g, '')).toBe(plain.text);
  });

  it('each ending has its own sentence and recovery commands', () => {
    const endings = script
      .slice(-7)
      .map((event) => draw([...script.slice(0, 4), event], plainPaint(100)).text);
    expect(new Set(endings).size).toBe(7);
    for (const text of endings) expect(text.split('\n').at(-2)).toContain(run);
  });

  it('says among the last lines what mends the marked lines of the verification', () => {
    const line = { world: 'chain', summary: 'as it is' } as const;
    const verification: RunEvent = {
      type: 'run.checked',
      checks: [
        { ...line, id: 'rest', status: 'warn', next: [{ tv: ['emergency', 'withdraw'] }] },
        {
          ...line,
          id: 'protocol',
          status: 'block',
          next: [{ tv: ['resume'] }, { tv: ['emergency', 'shutdown'] }],
        },
        { ...line, id: 'fine', status: 'pass', next: ['nothing'] },
      ],
    };
    const ended: RunEvent = { type: 'run.ended', outcome: 'unverified', exitCode: 5 };
    const { text } = draw([...script.slice(3, 4), verification, ended], plainPaint(80));
    expect(text.slice(text.indexOf('Next:'))).toBe(
      [
        `Next: tv resume ${run}`,
        `      tv runs undo ${run}`,
        '      tv emergency shutdown',
        '      tv emergency withdraw',
        '',
      ].join('\n'),
    );
  });

  it.each<readonly [string, 'unverified' | 'rolled-back', string]>([
    ['undecided', 'unverified', 'It is unknown whether this took effect: see the marked lines above.'],
    ['rolled back', 'rolled-back', 'Failed. All changes of this run were rolled back.'],
  ])(
    'a failed step, %s: speaks of this run alone, not of a state that was not read',
    (_, outcome, sentence) => {
      const error = { message: 'It failed.', facts: {}, next: [] };
      const failed: RunEvent = { type: 'step.failed', step: 'stop', error, durationMs: 3 };
      const ended: RunEvent = { type: 'run.ended', outcome, exitCode: 1 };
      const { text } = draw([...script.slice(3, 4), failed, ended], plainPaint(100, 'staging'));
      expect(text).toContain(sentence);
      expect(text).not.toMatch(/Done in|as before/);
    },
  );

  it.each<readonly [string, readonly RunEvent[], 'failed' | 'partly-rolled-back', string, readonly string[]]>(
    [
      [
        'half undone',
        [{ type: 'undo.done', step: 'clear', durationMs: 3 }],
        'failed',
        'Failed, and the rollback failed too.',
        [`tv runs undo ${run}`],
      ],
      [
        'not undone at all',
        [],
        'failed',
        'Failed, and the rollback failed too.',
        [`tv resume ${run}`, `tv runs undo ${run}`],
      ],
    ],
  )('a rollback, %s, offers only what the run takes', (_, before, outcome, sentence, ways) => {
    const done = ['stop', 'clear'].flatMap<RunEvent>((step) => [
      { type: 'step.started', step },
      { type: 'step.done', step, result: null, durationMs: 1, how: 'ran' },
    ]);
    const failed: RunEvent = { type: 'undo.failed', step: 'stop', error };
    const ended: RunEvent = { type: 'run.ended', outcome, exitCode: 1 };
    const { text } = draw([...script.slice(2, 4), ...done, ...before, failed, ended], plainPaint(100));
    expect(text).toContain(sentence);
    const next = text.slice(text.lastIndexOf('Next:') + 5).split('\n');
    expect(next.map((line) => line.trim()).filter((line) => line !== '')).toEqual(ways);
  });

  it('a run of which only a part was rolled back: names what is kept, and never says that all is undone', () => {
    const steps: readonly RunEvent[] = ['stop', 'clear'].flatMap<RunEvent>((step) => [
      { type: 'step.started', step },
      { type: 'step.done', step, result: null, durationMs: 1, how: 'ran' },
    ]);
    const rollback: readonly RunEvent[] = [
      { type: 'run.signalled', signal: 'SIGINT' },
      { type: 'undo.done', step: 'stop', durationMs: 3 },
      { type: 'run.ended', outcome: 'partly-rolled-back', exitCode: 7 },
    ];
    const { text } = draw([...script.slice(2, 4), ...steps, ...rollback], plainPaint(100));
    expect(text).toContain('Interrupted. The steps below are kept;');
    expect(text).toContain('kept  2  clear');
    expect(text).not.toContain('All changes');
    expect(text).toContain(`Next: tv resume ${run}`);
  });

  it('of an undo names its steps by what they do, and what it keeps', () => {
    const [stop] = plan.steps;
    if (stop === undefined) throw new Error('no step');
    const undoing: readonly RunEvent[] = [
      {
        ...{ type: 'plan.ready', direction: 'undo', dryRun: false, overrides: [] },
        plan: { ...plan, steps: [{ ...stop, title: 'start the indexer', command: '', undo: null }] },
        all: plan.steps,
        kept: ['clear'],
      },
      { type: 'run.undoing', operator: { user: 'a', host: 'b', pid: 1, mark: null }, confirmation: '' },
      { type: 'undo.done', step: 'stop', durationMs: 400 },
      {
        type: 'run.checked',
        checks: [{ id: 'stop', world: 'run', status: 'pass', summary: 'indexer active, as before the run' }],
      },
      { type: 'run.ended', outcome: 'undone', exitCode: 0 },
    ];
    const { text } = draw(undoing, plainPaint(72));
    expect(text).toMatchInlineSnapshot(`
      "Steps to undo (plan 7f3a91c2)
        1  start the indexer


      Undoing 
        ↩ 1  start the indexer                                           0.4 s

      Verification
        ✔ stop  indexer active, as before the run

      Undone and verified in 3.0 s, except for the steps below.
        kept  2  clear 1 204 332 rows from block 12 345 678 on, and set the
                 cursor
      Next: tv runs report ''
      "
    `);
    // One that was cut off is not said to be kept.
    const [ready, ...rest] = undoing;
    const cut = { ...ready, undecided: ['clear'] } as RunEvent;
    const unknown = draw([cut, ...rest], plainPaint(72)).text;
    expect(unknown).toMatch(/ {2}unknown {2}2 {2}clear/);
    expect(unknown).not.toContain('kept');
    const failed: RunEvent = { type: 'undo.failed', step: 'stop', error };
    const ended: RunEvent = { type: 'run.ended', outcome: 'undo-failed', exitCode: 1 };
    expect(draw([...undoing.slice(0, 2), failed, ended], plainPaint(72)).text).toMatch(
      /✖ 1 {2}start the indexer +failed\n[\s\S]*The undo failed\. Steps that were not undone are kept\./,
    );
  });

  it('says among the last lines what a run has left unusual, and what ends that', () => {
    const left = ['protocol is OPEN (not paused)'];
    const ended: RunEvent = { type: 'run.ended', outcome: 'interrupted', exitCode: 7, left };
    const { text } = draw([...script.slice(3, 4), ended], plainPaint(60, 'staging'));
    expect(text.split('\n').slice(2).join('\n')).toMatchInlineSnapshot(`
      "
      Interrupted. Completed steps are kept. Resume or undo the
      run.
      ✖ The protocol is OPEN (not paused):
        tv -e staging resume 20261123-031200-reindex-7f3a
      Next: tv -e staging resume 20261123-031200-reindex-7f3a
            tv -e staging runs undo 20261123-031200-reindex-7f3a
      "
    `);
    const ready = {
      ...{ type: 'plan.ready', plan, dryRun: false, overrides: [], direction: 'resume', left },
    } as Extract<RunEvent, { type: 'plan.ready' }>;
    const until = (direction: (typeof ready)['direction']) =>
      draw([{ ...ready, direction } as RunEvent], plainPaint(80)).text;
    expect(until('resume')).toContain('✖ Until this run is finished: the protocol is OPEN (not paused)\n');
    expect(until('undo')).toContain('✖ Until this undo is finished: the protocol is OPEN (not paused)\n');
    expect(until('abandon')).toContain('✖ The protocol is OPEN (not paused)\n');
  });

  it('takes the busy line away before it prints', () => {
    const { busy } = draw(script.slice(0, 6), plainPaint(80));
    expect(busy.filter(Boolean)).toEqual([
      'checking the host, the chain and the database',
      '1  stop the indexer',
    ]);
    expect(busy.at(-1)).toBe('');
  });

  it('shows progress with bar, rate and time left, and begins anew with each step', () => {
    const report = (step: string, done: number): RunEvent => ({
      type: 'step.progress',
      step,
      progress: { done, total: 2_000, unit: 'blocks', note: 'behind the head' },
    });
    const events = [...script.slice(0, 4), report('follow', 0), report('follow', 500), report('clear', 0)];
    expect(draw(events, plainPaint(80)).busy.slice(-3)).toMatchInlineSnapshot(`
      [
        "3  follow it to the head
          ░░░░░░░░░░░░░░░░ 0 % · 0 of 2 000 blocks · behind the head",
        "3  follow it to the head
          ████░░░░░░░░░░░░ 25 % · 500 of 2 000 blocks · 500/s · 3.0 s left · behind the head",
        "2  clear 1 204 332 rows from block 12 345 678 on, and set the cursor
          ░░░░░░░░░░░░░░░░ 0 % · 0 of 2 000 blocks · behind the head",
      ]
    `);
  });

  it.each([
    ['a step is in progress', [{ type: 'step.started', step: 'clear' }], 'during step 2'],
    ['between two steps', [], 'after the current step'],
    [
      'while the verification reads',
      [{ type: 'step.progress', step: '', progress: { done: 1, total: 2, unit: 'blocks' } }],
      'during the verification',
    ],
  ] as const)('a signal while %s → says so', (_, before, where) => {
    const events = [...script.slice(0, 6), ...before, { type: 'run.signalled', signal: 'SIGINT' }];
    expect(draw(events as RunEvent[], plainPaint(80)).text).toContain(`SIGINT: stopped ${where}\n`);
  });

  it.each([
    [[], 'Failed. Completed steps are kept, and no further step was run.'],
    // Only a run that continues after a failed step comes to its verification.
    [[{ type: 'run.checked', checks: [] }], 'Failed: see the marked lines above. All other steps were run'],
  ] as const)('a failed run says whether the steps after the failed one were run', (before, sentence) => {
    const end = { type: 'run.ended', outcome: 'failed', exitCode: 1 };
    const { text } = draw([...script.slice(0, 8), ...before, end] as RunEvent[], plainPaint(80));
    expect(text).toContain(sentence);
  });

  it('shows the progress of the verification, which is no step', () => {
    const progress = { done: 1_000, total: 2_000, unit: 'blocks' } as const;
    const events = [...script.slice(0, 4), { type: 'step.progress', step: '', progress } as RunEvent];
    expect(draw(events, plainPaint(80)).busy.at(-1)).toBe(
      'reading back\n    ████████░░░░░░░░ 50 % · 1 000 of 2 000 blocks',
    );
  });
});

describe('steps that run at the same time', () => {
  const together: PlanData = { ...plan, steps: plan.steps.map((step) => ({ ...step, group: 'stop' })) };
  const ready: RunEvent = {
    ...{ type: 'plan.ready', plan: together, dryRun: false, overrides: [], direction: 'start' },
  };
  const started = together.steps.map(({ id }): RunEvent => ({ type: 'step.started', step: id }));

  it('the plan says so', () => {
    expect(draw([ready], plainPaint(80)).text).toContain('\n  Steps 1, 2 and 3 run at the same time.\n');
  });

  it('one of three done → the two others are still shown as in progress', () => {
    const done: RunEvent = { type: 'step.done', step: 'clear', result: null, durationMs: 400, how: 'ran' };
    const { busy } = draw([ready, ...started, done], plainPaint(80));
    expect(busy.at(-1)).toBe('1  stop the indexer\n3  follow it to the head');
  });
});

describe('a line of progress', () => {
  const at = (progress: Parameters<ProgressLine['text']>[0], seconds: number) => {
    let now = 0;
    const line = new ProgressLine({ done: 0, unit: 'rows' }, () => now);
    now = seconds * 1_000;
    return line.text(progress);
  };

  it.each([
    [{ done: 0, total: 100, unit: 'rows' }, 0, '░░░░░░░░░░░░░░░░ 0 % · 0 of 100 rows'],
    [{ done: 50, total: 100, unit: 'rows' }, 10, '████████░░░░░░░░ 50 % · 50 of 100 rows · 5/s · 10 s left'],
    [{ done: 100, total: 100, unit: 'rows' }, 10, '████████████████ 100 % · 100 of 100 rows · 10/s'],
    [{ done: 120, total: 100, unit: 'rows' }, 10, '████████████████ 100 % · 120 of 100 rows · 12/s'],
    [{ done: 5_000, unit: 'rows' }, 10, '5 000 rows · 500/s'],
    [{ done: 0, total: 0, unit: 'rows' }, 10, '0 rows'],
    [{ done: 1, unit: 'rows', note: 'slow' }, 10, '1 rows · slow'],
  ])('%j after %i s', (progress, seconds, text) => {
    expect(at(progress, seconds)).toBe(text);
  });
});

describe('an error', () => {
  const thrown = new TvError(error.code, error.message, {
    facts: { ...error.facts, 'left out': undefined },
    next: [{ tv: ['status'] }, { tv: ['resume', '20261123-031200-reindex-7f3a'] }],
  });

  it('at 80 columns, in an environment that was named', () => {
    expect(renderError(thrown, plainPaint(80, 'staging'), false)).toMatchInlineSnapshot(`
      "✖ The database did not take the statement, because another session holds a lock
        on events.
        session  4711
        holder   psql, idle in transaction for 3 min
      Next: tv -e staging status
            tv -e staging resume 20261123-031200-reindex-7f3a
      "
    `);
  });

  it('at 60 columns', () => {
    expect(renderError(thrown, plainPaint(60), false)).toMatchInlineSnapshot(`
      "✖ The database did not take the statement, because another
        session holds a lock on events.
        session  4711
        holder   psql, idle in transaction for 3 min
      Next: tv status
            tv resume 20261123-031200-reindex-7f3a
      "
    `);
  });

  it('in colour', () => {
    expect(
      renderError(new TvError('check.blocked', 'No.', { next: { tv: ['status'] } }), colourPaint(80), false),
    ).toBe('\u001b[31m✖\u001b[39m No.\n\u001b[1mNext:\u001b[22m tv status\n');
  });

  it('has its code and a stack with --verbose alone', () => {
    expect(renderError(thrown, plainPaint(80), false)).not.toMatch(/ {4}at |code:/);
    const verbose = renderError(
      new TvError('check.blocked', 'No.', { cause: new Error('why') }),
      plainPaint(80),
      true,
    );
    expect(verbose).toContain('code: check.blocked');
    expect(verbose).toContain('    at ');
    expect(verbose).toContain('cause: Error: why');
  });
});

describe('--json', () => {
  it('is one line an event, with schema and time, big integers as strings', () => {
    const at = new Date('2026-11-23T03:12:00.000Z');
    const lines = script.map((event) => toJsonEvent(event, at, here));
    for (const [index, line] of lines.entries()) {
      expect(line.indexOf('\n')).toBe(line.length - 1);
      expect(JSON.parse(line)).toMatchObject({
        ...{ schema: 'tv.event/1', at: at.toISOString(), type: script[index]?.type },
      });
    }
    const big = { type: 'step.done', step: 'a', result: 2n ** 70n, durationMs: 1, how: 'ran' } as never;
    expect(JSON.parse(toJsonEvent(big, at, here)).result).toBe('1180591620717411303424');
  });

  it('is one document for a read, and a list has a name', () => {
    expect(JSON.parse(toJsonDocument('tv.status/1', { a: 1n }, here))).toEqual({
      schema: 'tv.status/1',
      a: '1',
    });
    expect(JSON.parse(toJsonDocument('tv.list/1', [1], here))).toEqual({ schema: 'tv.list/1', items: [1] });
  });

  it('is one line for an error too, so that it can follow events', () => {
    const text = toJsonError(
      new TvError('check.blocked', 'No.', { facts: { a: 1 }, next: { tv: ['status'] }, exitCode: 3 }),
      here,
    );
    expect(text.indexOf('\n')).toBe(text.length - 1);
    expect(JSON.parse(text)).toEqual({
      ...{
        schema: 'tv.error/1',
        name: 'TvError',
        code: 'check.blocked',
        message: 'No.',
        facts: { a: '1' },
        next: ['tv status'],
        exitCode: 3,
      },
    });
  });
});
