import { describe, expect, it } from 'vitest';
import { commandHelp } from '../../src/cli/parse.ts';
import { buildPlan } from '../../src/engine/engine.ts';
import { describeAll, describeProcedure } from '../../src/operations/documents/runbookDocument.ts';
import { registry } from '../../src/registry.generated.ts';
import type { InputFields } from '../../src/runbook/define.ts';
import { asJson } from '../../src/runbook/json.ts';

// The sections of the operations runbook; the quick reference is its unnumbered first page.
const sections = [
  '',
  'Quick reference',
  '1',
  '2',
  '3',
  '4',
  '5',
  '6',
  '7',
  '8',
  '9',
  '10',
  'Tuning',
  'Security',
];

/** `-e, --env <name>` → `-e` and `--env`. */
function names(flag: string): readonly string[] {
  return flag.split(/[ ,]+/).flatMap((word) => (word.startsWith('-') ? [word] : []));
}

const common = [
  '-h',
  '--help',
  '-e',
  '--env',
  '--config',
  '--set',
  '--json',
  '--full',
  '--verbose',
  '--no-color',
];
const answering = ['-y', '--yes', '--confirm', '--wait', '--dry-run', '--plan', '--override', '--reason'];

describe('the registry', () => {
  it('has every name once, aliases included', () => {
    const all = registry.flatMap(({ command, aliases = [] }) => [command, ...aliases]);
    expect(all.filter((name, index) => all.indexOf(name) !== index)).toEqual([]);
  });
});

describe.each(registry.map((entry) => [entry.command, entry] as const))('%s', (_, entry) => {
  it('is a line of the registry as it should be', () => {
    expect(entry.command).toMatch(/^[a-z][a-z-]*( [a-z][a-z-]*){0,2}$/);
    expect(entry.summary).toMatch(/^\S.*[^.\s]$/);
    expect(sections).toContain(entry.section);
    expect(entry.group).not.toBe('');
  });

  it('is of a kind that fits its risk', async () => {
    const command = (await entry.load()).default;
    expect(['runbook', 'report', 'stream', 'action', 'control']).toContain(command.kind);
    if (command.kind === 'report' || command.kind === 'stream') expect(entry.risk).toBe('read');
    if (command.kind === 'runbook') expect(command.risk).toBe(entry.risk);
    expect(command.title).not.toBe('');
    expect(command.description.trim().length).toBeGreaterThan(20);
  });

  it('has flags that parse, explain themselves and hide no other', async () => {
    const command = (await entry.load()).default;
    const own = Object.values(command.input as InputFields);
    const flags = own.flatMap(({ flag }) => names(flag));
    const taken = [...common, ...(command.kind === 'runbook' ? answering : [])];
    expect(flags.filter((flag, index) => flags.indexOf(flag) !== index || taken.includes(flag))).toEqual([]);
    expect(own.filter(({ help }) => help.trim() === '')).toEqual([]);
    for (const width of [60, 80]) {
      const lines = commandHelp(entry, command, width).split('\n');
      // A call that is to be pasted stays on one line.
      const calls = (command.examples ?? []).map(({ line }) => `  ${line}`);
      expect(lines.filter((line) => line.length > width && !calls.includes(line))).toEqual([]);
    }
  });

  it('describes itself for tv runbook show', async () => {
    const command = (await entry.load()).default;
    const text = describeProcedure(entry, command);
    expect(text).toContain(`## ${command.title}`);
    expect(text).toContain(`tv ${entry.command}`);
    expect(text).not.toMatch(/undefined|\[object|NaN/);
  });

  it('is summarised by a verb, in at most 60 characters and without a full stop', () => {
    expect(entry.summary).toMatch(/^[A-Z][a-z]+ \S.{0,57}[^.]$/);
  });

  it('plans its example, purely', async () => {
    const command = (await entry.load()).default;
    if (command.kind !== 'runbook') return;
    const { facts, input } = command.example;
    const registered = { name: entry.command, section: entry.section, runbook: command };
    const { steps, plan } = buildPlan(registered, facts, input, 'production');
    expect(steps.length).toBeGreaterThan(0);
    const ids = steps.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const step of steps) {
      expect(step.title).not.toBe('');
      expect(step.command).not.toBe('');
      // An undo is described, and what is described as one is there.
      expect([step.id, step.undo === undefined]).toEqual([step.id, step.undoTitle === undefined]);
      // After a cut there is one answer to whether it took effect.
      const answers = [step.probe, step.idempotent, step.readOnly].filter((one) => one !== undefined);
      expect([step.id, answers.length]).toEqual([step.id, 1]);
      if (step.readOnly)
        expect([step.id, step.effect, step.undo]).toEqual([step.id, 'reversible', undefined]);
      // Residual state is ended by the step itself, unless it is cut off, by a later one, or by one that runs at
      // the same time.
      if (step.leaves !== undefined) {
        const together = steps.filter(({ group }) => group !== undefined && group === step.group);
        const ending = [...ids.slice(ids.indexOf(step.id) + 1), ...together.map(({ id }) => id)];
        expect([step.id, ...ending]).toContain(step.leaves.until);
      }
    }
    expect(plan.consequence).toMatch(/\.$/);
    expect(buildPlan(registered, facts, input, 'production').plan).toEqual(plan);
    // A resumed run plans from the journal: facts and input have to survive it.
    expect(buildPlan(registered, asJson(facts) as never, asJson(input) as never, 'production').plan).toEqual(
      plan,
    );
  });
});

describe('tv runbook export', () => {
  it('holds every command', async () => {
    const text = await describeAll(registry, '1.2.3');
    expect(registry.filter(({ command }) => !text.includes(`tv ${command}`))).toEqual([]);
    expect(text).not.toMatch(/undefined|\[object|NaN/);
  });
});

it.each([
  ['reindex', '`tv runs undo` undoes it. Exit 0'],
  ['emergency shutdown', 'It cannot be undone: step 1 is irreversible.'],
  ['breaker trip', 'It cannot be undone: step 1 is irreversible.'],
  ['oracle rotate-key', '`tv runs undo` undoes it until step 8 has begun'],
  ['emergency withdraw', 'after that only what must not remain is undone.'],
])('tv runbook show %s → says how far it can be undone', async (name, words) => {
  const entry = registry.find(({ command }) => command === name);
  if (entry === undefined) throw new Error(`no ${name}`);
  expect(describeProcedure(entry, (await entry.load()).default)).toContain(words);
});
