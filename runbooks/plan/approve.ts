import { homedir } from 'node:os';
import * as z from 'zod';
import { exitCodes, TvError } from '../../src/errors/TvError.ts';
import { thisOperator } from '../../src/journal/operator.ts';
import { type PlanFile, readPlanFile } from '../../src/journal/planFile.ts';
import {
  describePlan,
  renderPlanFile,
  renderSignatures,
} from '../../src/operations/approval/describePlan.ts';
import { signingKey, signPlan } from '../../src/operations/approval/signPlan.ts';
import type { CommandName } from '../../src/runbook/commandName.generated.ts';
import { type ActionContext, defineAction, field } from '../../src/runbook/define.ts';
import { wrap } from '../../src/text/layout.ts';

/** `tv plan approve FILE`: the signature of the operator, beside the file. */
export default defineAction({
  title: 'Approve a plan',
  summary: 'Sign a plan file with your SSH key',
  order: 2,
  risk: 'mild',
  settings: 'as-found',
  description:
    'Shows a plan that another operator has written with --dry-run --out, asks, and signs it with ssh-keygen: a key of an agent, of a hardware token or of a file. The signature is kept beside the plan file, as FILE.sig.FINGERPRINT, and the call is in the audit log. Send both files back, or leave them where the other finds them. Changes nothing else. Where the plan is used by the same operator who signed it, the signature does not count.',
  examples: [
    { what: 'Sign it with your SSH key', line: 'tv plan approve reindex.plan --key ~/.ssh/id_ed25519' },
  ],
  input: {
    file: field('<file>', 'the plan file', z.string()),
    key: field(
      '--key <file>',
      'private key, or public key of one in an agent (default: from the settings, or the only one in ~/.ssh)',
      z.string().optional(),
    ),
    yes: field('-y, --yes', 'answer yes', z.boolean().default(false)),
  },
  run: async (ctx, { file, key, yes }) => {
    const planFile = readPlanFile(file);
    const before = await describePlan(ctx, planFile);
    if (!ctx.output.json) ctx.output.print(`${renderPlanFile(before, ctx.output.paint())}\n\n`);
    if (before.state !== 'open') throw closed(planFile, before.state);
    const named = key ?? ctx.settings.approvals.key;
    const chosen = await signingKey(named?.replace(/^~(?=\/)/, homedir()));
    const { interactive } = ctx.secrets;
    if (!yes) await confirm(ctx, planFile);
    ctx.tell(`signing with ${chosen}`);
    const signature = await signPlan(planFile, { key: chosen, interactive, signal: ctx.signal });
    const unaudited = await audit(ctx, planFile, signature.fingerprint);
    if (unaudited !== undefined) ctx.tell(`! signed, but not in the audit log: ${unaudited}`);
    return { signature: signature.file, ...(await describePlan(ctx, planFile)) };
  },
  render: ({ signature, file, ...described }, paint) => {
    const done = wrap(`Signed: ${signature}`, paint.width - 2, '  ');
    const use = `the operator who runs it adds --plan ${file}, with the signature beside the file`;
    return `${paint.ok('✔')} ${done}\n\n${renderSignatures({ file, ...described }, paint)}\n\n${paint.next([use])}\n`;
  },
});

/** @throws TvError where the answer is no, or cannot be given */
async function confirm({ output, settings }: ActionContext, { document }: PlanFile): Promise<void> {
  const { risk, environment } = document;
  const question = `Sign this ${risk} plan for ${environment}?`;
  const answered = await output.ask(question);
  if (answered === true) return;
  if (answered === false)
    throw new TvError('answer.not-confirmed', 'Not confirmed; nothing was signed.', {
      exitCode: exitCodes.notConfirmed,
    });
  throw new TvError('answer.missing', 'This needs an answer, and there is no terminal to ask at.', {
    exitCode: exitCodes.notConfirmed,
    facts: { risk, environment: settings.environment },
    next: { again: ['--yes'] },
  });
}

function closed({ file }: PlanFile, state: 'expired' | 'future' | 'used'): TvError {
  const words = {
    expired: 'The plan file has expired',
    future: 'The plan file was written in the future, by the clock of this machine',
    used: 'The plan file was used already',
  }[state];
  return new TvError(
    state === 'used' ? 'approval.used' : 'approval.expired',
    `${words}; nothing was signed.`,
    {
      exitCode: exitCodes.blocked,
      facts: { file },
      next: 'have it written anew: the command with --dry-run --out FILE',
    },
  );
}

/** @returns why it is not in the audit log */
async function audit(
  ctx: ActionContext,
  { sha256, document }: PlanFile,
  fingerprint: string,
): Promise<string | undefined> {
  const { createdAt, createdBy, digest, environment, runbook } = document;
  try {
    await ctx.audit.append({
      ...{
        command: 'plan approve' satisfies CommandName,
        environment,
        operator: thisOperator(),
        run: null,
        plan: digest,
      },
      input: { runbook, planFile: sha256, fingerprint },
      ...{ outcome: 'signed', exitCode: 0, overrides: [] },
      reason: `signed tv ${runbook}, plan ${digest.slice(0, 8)}, written by ${createdBy.user}@${createdBy.host} at ${createdAt}, with ${fingerprint}`,
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof TvError)) throw error;
    return error.message;
  }
}
