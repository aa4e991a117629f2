import * as z from 'zod';
import {
  alterSystem,
  readSystemSettings,
  type SystemSettings,
} from '../../src/database/tuning/alterSystem.ts';
import { ChangedSince } from '../../src/runbook/changedSince.ts';
import { defineRunbook, field, type Step, type StepContext } from '../../src/runbook/define.ts';
import { block, pass } from '../../src/runbook/preflight.ts';
import { asAdmin } from './shared/asAdmin.ts';
import { withRollback } from './shared/withRollback.ts';
import { compareSettings } from './tune/compareSettings.ts';
import { exampleFacts, type TuneFacts } from './tune/facts.ts';
import { memorySize } from './tune/memorySize.ts';
import { preflight } from './tune/preflight.ts';
import { renderTuning } from './tune/render.ts';
import { verify } from './tune/verify.ts';
import { byHand } from './tune.byHand.ts';

const input = {
  apply: field(
    '--apply',
    'set what differs, by ALTER SYSTEM and a reload (without it: only look)',
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

/** Runbook "Performance Tuning": without `--apply` it only looks. */
export default defineRunbook<typeof input, TuneFacts>({
  title: 'Tune PostgreSQL',
  summary: 'Show or apply settings that fit this machine',
  section: 'Tuning',
  order: 12,
  risk: 'moderate',
  description: `
Compares PostgreSQL's settings with what fits this machine's memory, cores and disks, and says where
each is set now and which need a restart. On 16 GB these are the runbook's figures; the formulas are
those of pgtune's "web" profile. The API server's workers (2 × cores + 1) are looked at too.

Without --apply nothing is changed and nobody is asked. With it, what differs is set by ALTER SYSTEM
and a reload; it needs a superuser (database.adminUrl), and \`tv runs undo\` puts back exactly what
ALTER SYSTEM had set before. PostgreSQL is not restarted: that is for you to do, at a quiet hour.`,
  byHand,
  input,
  example: {
    facts: exampleFacts,
    input: { apply: true, memory: undefined, cores: undefined, disk: undefined },
  },
  onFailure: 'stop',
  handout: async (ctx, wanted) => {
    const tuning = await compareSettings(ctx, wanted);
    if (wanted.apply && tuning.settings.some(({ state }) => state === 'differs')) return undefined;
    return { data: tuning, files: [], render: (paint) => renderTuning(tuning, wanted, paint) };
  },
  preflight,
  basis: ({ database, changes }) => ({ database, changes }),
  consequence: ({ changes }) => {
    const restart = changes.filter((change) => change.restart).length;
    const later = restart === 0 ? '' : `; ${restart} of them take effect at the next restart of PostgreSQL`;
    return `This changes ${changes.length} settings of the PostgreSQL server${later}.`;
  },
  plan: ({ changes }) => changes.map(setOne),
  verify,
});

/** One setting a step: cut off between two of them, the rest is as it was. */
function setOne({ name, from, to, before, restart }: TuneFacts['changes'][number]): Step {
  const earlier = (ctx: StepContext) => (ctx.notes['before'] ?? { [name]: before }) as SystemSettings;
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
        if (ctx.notes['before'] === undefined) {
          ctx.note('before', await readSystemSettings(admin, { names: [name] }));
        }
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
