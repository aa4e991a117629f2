import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { TvError, UsageError } from '../../src/errors/TvError.ts';
import { readPlanFile } from '../../src/journal/planFile.ts';
import { describePlan } from '../../src/operations/approval/describePlan.ts';
import { withoutEnded } from '../../src/runbook/audit.ts';
import type { CommandName } from '../../src/runbook/commandName.generated.ts';
import { defineReport, field, type ToolContext } from '../../src/runbook/define.ts';
import { ago, howMany, localTime, planName } from '../../src/text/format.ts';
import { table, wrap } from '../../src/text/layout.ts';

/** Of a folder: more names ending in `.json` are not opened. */
const mostFiles = 500;

/** `tv plan list [FOLDER]`: the plan files of a folder, and what the audit log says of approvals. */
/** The calls in the audit log by which plans were signed. */
const approving: CommandName = 'plan approve';

export default defineReport({
  title: 'Plans',
  summary: 'List plan files, and who signed and used which',
  order: 3,
  settings: 'as-found',
  description:
    'Lists the plan files of a folder, newest first, with their signatures and whether each is open, expired or used; and from the audit log of this machine the plans that were signed here, and the runs that used one.',
  examples: [{ what: 'Plan files in a folder that is shared', line: 'tv plan list /srv/plans' }],
  input: { folder: field('[folder]', 'where the plan files are (default: here)', z.string().default('.')) },
  collect: async (ctx, { folder }) => {
    const plans = await plansIn(ctx, folder);
    const history = withoutEnded(ctx.audit.entries()).flatMap(
      ({ at, command, operator, run, plan, approval, outcome }) => {
        if (approval === undefined && command !== approving) return [];
        const by = `${operator.user}@${operator.host}`;
        const signers = (approval?.signatures ?? []).map(({ principal }) => principal);
        return [{ at, command, by, run, plan, outcome, signers }];
      },
    );
    return { folder, plans, log: ctx.audit.file, history: history.toReversed().slice(0, 20) };
  },
  render: ({ folder, plans, history, log }, paint) => {
    const files = plans.map(
      ({ file, state, runbook, environment, digest, valid, required, expiresAt, usedBy }) => {
        const until = localTime(new Date(expiresAt));
        const end = { open: `until ${until}`, expired: until, future: 'by this clock', used: usedBy ?? '' }[
          state
        ];
        const facts = [
          `tv ${runbook}`,
          environment,
          `plan ${planName(digest, paint)}`,
          `${valid} valid of ${howMany(required, 'signature')} needed`,
        ];
        const head = `${state === 'open' ? paint.ok(state) : paint.dim(state)} ${end}`;
        const under = (line: string) => `    ${wrap(line, paint.width - 4, '    ')}`;
        return [`  ${file}`, under(head), under(facts.join(' · '))].join('\n');
      },
    );
    const calls = history.map(({ at, command, by, run, plan, outcome, signers }) => {
      const what = command === approving ? 'signed' : `tv ${command}, ${outcome}`;
      const facts = [
        what,
        ...(plan === null ? [] : [`plan ${planName(plan, paint)}`]),
        by,
        ...(run === null ? [] : [run]),
        ...(signers.length === 0 ? [] : [`signed by ${signers.join(', ')}`]),
      ];
      return [ago(new Date(at), paint.now), facts.join(' · ')];
    });
    return [
      paint.bold(`Plan files in ${folder}`),
      files.length === 0 ? '  none' : files.join('\n'),
      '',
      paint.bold('In the audit log'),
      calls.length === 0 ? '  no plan was signed or used on this machine' : table(calls, '  ', paint.width),
      paint.dim(`  ${log}`),
      '',
    ].join('\n');
  },
});

async function plansIn(ctx: ToolContext, folder: string) {
  let names: readonly string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch (error) {
    throw new UsageError('usage.unknown-name', 'The folder cannot be read.', {
      facts: { folder, reason: (error as NodeJS.ErrnoException).code ?? 'unknown' },
      next: { tv: ['plan', 'list', '.'] },
    });
  }
  const plans = [];
  for (const name of names.toSorted().slice(0, mostFiles)) {
    const file = folder === '.' ? name : join(folder, name);
    try {
      const { document, state, expiresAt, required, usedBy, signatures } = await describePlan(
        ctx,
        readPlanFile(file),
      );
      const { runbook, environment, digest, createdAt } = document;
      const valid = signatures.filter((signature) => signature.state === 'valid').length;
      plans.push({
        ...{ file, state, runbook, environment, digest, createdAt, expiresAt, usedBy, required, valid },
      });
    } catch (error) {
      // Other JSON is no plan.
      if (!(error instanceof TvError)) throw error;
    }
  }
  return plans.toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
}
