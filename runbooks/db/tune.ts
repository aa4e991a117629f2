import { basename } from 'node:path';
import * as z from 'zod';
import {
  alterSystem,
  readSystemSettings,
  type SystemSettings,
} from '../../src/database/tuning/alterSystem.ts';
import { isOutranked, readTunables, type Tunable } from '../../src/database/tuning/readTunables.ts';
import { sameSetting, sameValue } from '../../src/database/tuning/sizes.ts';
import { asAdmin, withRollback } from '../../src/operations/maintenance.ts';
import {
  compareSettings,
  type MachineInput,
  type SettingState,
  type Tuning,
} from '../../src/operations/tuning.ts';
import { ChangedSince } from '../../src/runbook/changedSince.ts';
import type { Check } from '../../src/runbook/check.ts';
import { defineRunbook, field, type Step, type StepContext } from '../../src/runbook/define.ts';
import type { Paint } from '../../src/runbook/paint.ts';
import { poll } from '../../src/runbook/poll.ts';
import { block, Preflight, pass, warn } from '../../src/runbook/preflight.ts';
import { note } from '../../src/runbook/step.ts';
import { bytes } from '../../src/text/format.ts';
import { table, wrap } from '../../src/text/layout.ts';
import { byHand } from './tune.byHand.ts';
import { exampleFacts, memorySize, preflight, type TuneFacts } from './tune.preflight.ts';

const input = {
  apply: field(
    '--apply',
    'set what differs, by ALTER SYSTEM and a reload (without it: only compare)',
    z.boolean().default(false),
  ),
  memory: field(
    '--memory <size>',
    "the server's memory, such as 16GB (default: this host's)",
    memorySize.optional(),
  ),
  cores: field(
    '--cores <count>',
    "the server's cores (default: this host's)",
    z.coerce.number().int().positive().optional(),
  ),
  disk: field(
    '--disk <kind>',
    'ssd or hdd (default: what this host says)',
    z.enum(['ssd', 'hdd']).optional(),
  ),
};

/** Runbook "Performance Tuning": without `--apply` it changes nothing. */
export default defineRunbook<typeof input, TuneFacts, Tuning>({
  title: 'Tune PostgreSQL',
  summary: 'Show or apply settings that fit this machine',
  section: 'Tuning',
  order: 12,
  risk: 'moderate',
  description: `
Compares PostgreSQL's settings with what fits this machine's memory, cores and disks, and says where
each is set now and which need a restart. On 16 GB these are the runbook's figures; the formulas are
those of pgtune's "web" profile. The API server's workers (2 × cores + 1) are checked too.

Without --apply nothing is changed and no question is asked. With it, what differs is set by ALTER
SYSTEM and a reload; it needs a superuser (database.adminUrl), and \`tv runs undo\` restores exactly what
ALTER SYSTEM had set before. PostgreSQL is not restarted: restart it yourself at a quiet hour.`,
  byHand,
  examples: [
    { what: 'Compare the settings with what fits this machine', line: 'tv db tune' },
    { what: 'For a server elsewhere', line: 'tv db tune --memory 16GB --cores 4 --disk ssd' },
    { what: 'Set what differs', line: 'tv db tune --apply' },
  ],
  input,
  example: {
    facts: exampleFacts,
    input: { apply: true, memory: undefined, cores: undefined, disk: undefined },
  },
  onFailure: 'stop',
  printout: async (ctx, wanted) => {
    const tuning = await compareSettings(ctx, wanted);
    if (wanted.apply && tuning.settings.some(({ state }) => state === 'differs')) return undefined;
    return { data: tuning, files: [], render: (paint) => renderTuning(tuning, wanted, paint) };
  },
  preflight,
  basis: ({ database, changes }) => ({ database, changes }),
  changes: ({ changes }) =>
    changes.map(({ name, from, to }) => ({ kind: 'setting', what: name, course: [from, to] })),
  consequence: ({ changes }) => {
    const restart = changes.filter((change) => change.restart).length;
    const later = restart === 0 ? '' : `; ${restart} of them take effect at the next restart of PostgreSQL`;
    return `This changes ${changes.length} settings of the PostgreSQL server${later}.`;
  },
  plan: ({ changes }) => changes.map(setOne),
  verify,
});

const settingBefore = note<SystemSettings>('before');

/** One setting a step: cut off between two of them, the rest is as it was. */
function setOne({ name, from, to, before, restart }: TuneFacts['changes'][number]): Step {
  const earlier = (ctx: StepContext) => settingBefore.read(ctx) ?? { [name]: before };
  const assertOwn = (ctx: StepContext) =>
    asAdmin(ctx, async (admin) => {
      const now = (await readSystemSettings(admin, { names: [name] }))[name] ?? null;
      const was = earlier(ctx)[name] ?? null;
      if (now === was || now === to) return;
      throw new ChangedSince(
        ctx,
        `ALTER SYSTEM has ${name} at neither the value before nor that of this run`,
        {
          before: was ?? 'not set',
          'this run': to,
          now: now ?? 'not set',
        },
      );
    });
  return {
    id: name,
    title: `${name} ${from} → ${to}${restart ? ', at the next restart' : ''}`,
    command: `psql -d postgres -c "ALTER SYSTEM SET ${name} = '${to}'" -c 'SELECT pg_reload_conf()'`,
    effect: 'reversible',
    undoTitle: before === null ? `reset ${name}` : `set ${name} to ${before}`,
    // Setting it once more changes nothing, and has the server read it where that was cut off.
    probe: async () => 'not-done',
    run: (ctx) =>
      asAdmin(ctx, async (admin) => {
        // Once only: a resumed run would see its own work.
        await settingBefore.once(ctx, () => readSystemSettings(admin, { names: [name] }));
        await assertOwn(ctx);
        await withRollback(
          () => alterSystem(admin, { settings: { [name]: to } }),
          () => alterSystem(admin, { settings: earlier(ctx) }),
        );
        return { set: to, before: earlier(ctx)[name] ?? null };
      }),
    assertUndoable: assertOwn,
    undo: async (ctx) => {
      await assertOwn(ctx);
      await asAdmin(ctx, (admin) => alterSystem(admin, { settings: earlier(ctx) }));
    },
    checkUndone: async (ctx) => {
      const now = (await asAdmin(ctx, (admin) => readSystemSettings(admin, { names: [name] })))[name] ?? null;
      const was = earlier(ctx)[name] ?? null;
      const words = `ALTER SYSTEM has ${now === null ? 'not set it' : `it at ${now}`}`;
      return now === was ? pass(`${words}, as before the run`) : block(`${words}, unlike before the run`);
    },
  };
}

const mib = 1024 ** 2;

/** `tv db tune` as it was called: without the machine's flags it would measure this host, and say other values. */
export function tuneCommand(
  { memory, cores, disk }: MachineInput,
  ...more: readonly string[]
): { readonly tv: readonly string[] } {
  const flags = [
    ...(memory === undefined ? [] : ['--memory', sizeFlag(memory)]),
    ...(cores === undefined ? [] : ['--cores', String(cores)]),
    ...(disk === undefined ? [] : ['--disk', disk]),
  ];
  return { tv: ['db', 'tune', ...flags, ...more] };
}

/** As `memorySize` reads it. */
function sizeFlag(bytes: number): string {
  const megabytes = bytes / mib;
  return megabytes % 1024 === 0 ? `${megabytes / 1024}GB` : `${megabytes}MB`;
}

/** The screen of `tv db tune`. */
export function renderTuning(tuning: Tuning, input: MachineInput, paint: Paint): string {
  const { database, version, settings, api } = tuning;
  const differ = settings.filter(({ state }) => state === 'differs');
  const waiting = settings.filter(({ state }) => state === 'waiting');
  const restart = differ.filter((setting) => setting.restart);
  const rows = settings.map((setting) => row(setting, paint));
  const verdict =
    differ.length === 0
      ? 'Every setting is as recommended.'
      : `${differ.length} of ${settings.length} settings differ${
          restart.length === 0 ? '' : `; ${restart.length} of them need a restart of PostgreSQL`
        }.`;
  const left =
    waiting.length === 0
      ? []
      : [
          `${waiting.map(({ name }) => name).join(', ')}: set, in effect after the next restart of PostgreSQL.`,
        ];
  const next = [
    ...(differ.length === 0 ? [] : [tuneCommand(input, '--apply')]),
    ...(waiting.length === 0 ? [] : ['at a quiet hour: systemctl restart postgresql']),
  ];
  return `${[
    wrap(`${paint.bold('PostgreSQL settings')} · ${database} · PostgreSQL ${version}`, paint.width),
    '',
    ...machine(tuning, paint),
    '',
    paint.width < wide ? narrowTable(settings, paint) : table([head(paint), ...rows], '', paint.width),
    '',
    ...[verdict, ...left].map((line) => wrap(line, paint.width)),
    wrap(apiLine(api, paint), paint.width),
    ...(next.length === 0 ? [] : ['', paint.next(next)]),
  ].join('\n')}\n`;
}

/** Columns that the table takes with its last column. */
const wide = 72;

function head(paint: Paint): string[] {
  return ['  setting', 'now', 'better', 'set in'].map((name) => paint.dim(name));
}

/** The place on a line of its own, where it is worth one. */
function narrowTable(settings: readonly SettingState[], paint: Paint): string {
  const rows = settings.map((setting) => row(setting, paint));
  const lines = table([head(paint).slice(0, 3), ...rows.map((cells) => cells.slice(0, 3))], '').split('\n');
  return lines
    .flatMap((line, index) => {
      const place = rows[index - 1]?.[3];
      return place === undefined || place === 'default' ? [line] : [line, paint.dim(`    ${place}`)];
    })
    .join('\n');
}

function row({ name, now, recommended, state, where, restart }: SettingState, paint: Paint): string[] {
  const mark = {
    same: paint.ok('✔'),
    differs: paint.warn('!'),
    waiting: paint.warn('…'),
    outranked: paint.bad('✖'),
  };
  const place = paint.full || !where.startsWith('/') ? where : basename(where);
  const notes = [
    place,
    ...(state === 'waiting' ? ['waits for a restart'] : []),
    ...(state === 'differs' && restart ? ['needs a restart'] : []),
    ...(state === 'outranked' ? ['outranks ALTER SYSTEM'] : []),
  ];
  return [`${mark[state]} ${name}`, now, state === 'same' ? '' : recommended, notes.join('; ')];
}

function machine(
  { machine: { memoryBytes, reportedBytes, cores, disk, diskWhy, elsewhere } }: Tuning,
  paint: Paint,
) {
  const memory = reportedBytes === null ? '' : ` (${bytes(reportedBytes)} usable)`;
  const size = `For ${bytes(memoryBytes).replace('.0 ', ' ')} of memory${memory}, ${cores} cores, ${disk.toUpperCase()} (${diskWhy}).`;
  const warning = `The database is on ${elsewhere}, not on this host: give its size with --memory, --cores and --disk.`;
  return [size, ...(elsewhere === null ? [] : [paint.bad(`✖ ${warning}`)])].map((line) =>
    wrap(line, paint.width),
  );
}

function apiLine({ workers, recommended, from }: Tuning['api'], paint: Paint): string {
  const should = `should be ${recommended} (2 × cores + 1)`;
  if (workers === null) return `API workers: ${should}; how many there are is unknown (${from}).`;
  return workers === recommended
    ? `${paint.ok('✔')} API workers: ${workers} (2 × cores + 1), by ${from}.`
    : `${paint.warn('!')} API workers: ${workers} by ${from}; ${should}.`;
}

/** Limit of a reload in milliseconds. It reaches every session before its next statement. */
const reloadMs = 10_000;

/** Reads back what the server now has, and what waits for a restart. */
export async function verify(
  ctx: StepContext,
  { changes }: TuneFacts,
  input: MachineInput,
): Promise<readonly Check[]> {
  const names = changes.map(({ name }) => name);
  const preflight = new Preflight(ctx);

  preflight.check('settings', 'database', async () => {
    const system = await asAdmin(ctx, (admin) => readSystemSettings(admin, { names }));
    const lost = changes.filter(({ name, to }) => !sameValue(to, system[name] ?? ''));
    return lost.length === 0
      ? pass(
          `${changes.length} set by ALTER SYSTEM, read back from the server's files; tv runs undo restores what was`,
        )
      : block('settings are not what was set', {
          facts: Object.fromEntries(
            lost.map(({ name, to }) => [name, `${system[name] ?? 'not set'}, not ${to}`]),
          ),
        });
  });

  preflight.check('in effect', 'database', async (signal) => {
    const late = await poll(
      ctx.clock,
      { everyMs: 100, limitMs: reloadMs, signal },
      async () => {
        const found = await asAdmin(ctx, (admin) => readTunables(admin, { names }));
        return changes.filter(
          ({ name, to }) =>
            !hasTakenEffect(
              to,
              found.find((one) => one.name === name),
            ),
        );
      },
      ({ length }) => length === 0,
    );
    if (late.length === 0) return pass(`${changes.filter(({ restart }) => !restart).length} in effect`);
    return block('settings are set and not in effect after the reload', {
      facts: Object.fromEntries(late.map(({ name, to }) => [name, `not ${to}`])),
      next: [tuneCommand(input), "read the server's log"],
    });
  });

  const later = changes.filter(({ restart }) => restart).map(({ name }) => name);
  if (later.length > 0) {
    preflight.check('restart', 'database', async () =>
      warn(`${later.join(', ')}: in effect after the next restart of PostgreSQL`, {
        next: [{ when: 'after a restart of PostgreSQL at a quiet hour', ...tuneCommand(input) }],
      }),
    );
  }
  return preflight.checks();
}

function hasTakenEffect(to: string, has: Tunable | undefined): boolean {
  if (has === undefined) return false;
  return sameSetting(to, has) || has.pendingRestart || isOutranked(has);
}
