import { existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Advice } from '../errors/advice.ts';
import type { ErrorCode } from '../errors/codes.ts';
import { exitCodes, TvError, UsageError } from '../errors/TvError.ts';
import { canonicalJson } from '../journal/digest.ts';
import type { PlanFile } from '../journal/planFile.ts';
import { planUse, usePlan } from '../journal/usedPlans.ts';
import { WriteError } from '../output/durableFile.ts';
import type { Answers } from '../runbook/answers.ts';
import { type ApprovalUse, requiredFor, type SignatureState, signatureWords } from '../runbook/approval.ts';
import type { Check } from '../runbook/check.ts';
import type { OverrideUse, PlanData } from '../runbook/events.ts';
import { asJson, type Json } from '../runbook/json.ts';
import { howMany, localTime } from '../text/format.ts';
import { type Engine, Refusal, type RegisteredRunbook } from './engine.ts';

/** How a run stands to the policy of the settings. */
export interface Approval {
  /** Absent where nothing is asked for, and nothing was given. */
  readonly check?: Check;
  readonly use?: ApprovalUse;
  readonly planFile?: PlanFile;
}

/** The name of the switch that starts a run without the signatures that it needs. */
const override = 'approval';

/** @returns the signatures of others that a run of this needs; undefined for none */
export function approvalsNeeded(engine: Engine, { runbook }: RegisteredRunbook): number | undefined {
  return requiredFor(engine.ctx.settings.approvals, runbook.risk) || undefined;
}

/**
 * Whether this run may begin by the policy of the settings, before any other work. A plan file has to fit this call
 * whatever the policy asks for; only what is missing of signatures can be overruled.
 * @throws Refusal with exit code 3
 */
export async function checkApproval(
  engine: Engine,
  registered: RegisteredRunbook,
  input: Json,
  answers: Answers,
): Promise<Approval> {
  if (answers.dryRun) {
    if (answers.planFile === undefined) return {};
    const planFile = await readOrRefuse(answers.planFile);
    await assertFits(engine, registered, input, planFile);
    return { planFile };
  }
  const required = approvalsNeeded(engine, registered) ?? 0;
  const approval =
    answers.planFile === undefined
      ? required === 0
        ? {}
        : { check: needed(required) }
      : await judgeFile(engine, registered, input, answers.planFile, required);
  const { check } = approval;
  if (check?.status === 'block' && !answers.overrides.includes(override)) throw refusalOf(check, required);
  return approval;
}

function needed(required: number): Check {
  return {
    ...{ id: override, world: 'run', status: 'block', override, code: 'approval.needed' },
    summary: `the settings ask for ${howMany(required, 'signature')} of others, and no plan file was given`,
    next: [
      { again: ['--dry-run', '--out', 'plan.json'], when: 'to write the plan for others to sign' },
      { again: ['--plan', 'plan.json'], when: 'once it is signed' },
    ],
  };
}

function refusalOf(check: Check, required: number): Refusal {
  const emergency: Advice = {
    again: ['--override', override, '--reason', '…'],
    when: 'in an emergency, which the audit log, the report and tv status show',
  };
  const sentence = `Not approved: ${check.summary}; nothing was changed.`;
  return new Refusal(check.code ?? 'approval.missing', sentence, {
    exitCode: exitCodes.blocked,
    facts: { ...check.facts, needed: howMany(required, 'signature') },
    next: [...(check.next ?? []), emergency],
  });
}

async function judgeFile(
  engine: Engine,
  registered: RegisteredRunbook,
  input: Json,
  file: string,
  required: number,
): Promise<Approval> {
  const { ctx, operator } = engine;
  const planFile = await readOrRefuse(file);
  await assertFits(engine, registered, input, planFile);
  const { document, sha256 } = planFile;
  const use: ApprovalUse = {
    planFile: sha256,
    createdAt: document.createdAt,
    createdBy: `${document.createdBy.user}@${document.createdBy.host}`,
    ...{ required, signatures: [], signers: null },
  };
  if (required === 0) return { planFile, use };
  const { signatures, signers, operator: names } = await engine.verifySignatures(planFile);
  const checkedAt = ctx.clock.now().toISOString();
  const counted = signatures.flatMap(({ state, principal, fingerprint }) =>
    state === 'valid' && principal !== null && fingerprint !== null
      ? [{ principal, fingerprint, checkedAt }]
      : [],
  );
  // Of one more than is needed, at least as many as are needed are of others, whoever starts this.
  const isKnown = names.length > 0;
  const wanted = required + (isKnown ? 0 : 1);
  const facts = Object.fromEntries(
    signatures.map(({ file: at, principal, fingerprint, state }) => [
      principal ?? fingerprint ?? at,
      signatureWords[state],
    ]),
  );
  const shared = {
    ...{ id: override, world: 'run' as const, override },
    facts: {
      'plan file': file,
      ...(signers.known ? {} : { 'allowed signers': signers.reason }),
      ...(isKnown
        ? {}
        : {
            operator: `${operator.user} is not in the file of allowed signers, so one more signature is needed`,
          }),
      ...facts,
    },
  };
  if (!signers.known || counted.length < wanted) {
    return {
      planFile,
      use: { ...use, signatures: counted, signers: signers.known ? signers.value : null },
      check: {
        ...{
          ...shared,
          status: 'block',
          code: signers.known ? codeOf(signatures) : 'approval.signers-unusable',
        },
        summary: signers.known
          ? `${howMany(counted.length, 'valid signature')} of others, and ${wanted} needed`
          : 'the signatures cannot be checked',
        next: [
          { tv: ['plan', 'show', file] },
          { tv: ['plan', 'approve', file], when: 'another operator, with their own key' },
        ],
      },
    };
  }
  const who = counted.map(({ principal }) => principal).join(', ');
  return {
    planFile,
    use: { ...use, signatures: counted, signers: signers.value },
    check: { ...shared, status: 'pass', summary: `signed by ${who}; ${wanted} needed` },
  };
}

/** What is wrong with signatures that would have been enough: the first that applies. */
function codeOf(signatures: readonly { readonly state: SignatureState }[]): ErrorCode {
  const has = (...states: readonly SignatureState[]) =>
    signatures.some(({ state }) => states.includes(state));
  if (has('own')) return 'approval.own-signature';
  if (has('revoked')) return 'approval.revoked-key';
  if (has('unknown-key', 'not-valid-now')) return 'approval.unknown-key';
  return has('altered') ? 'approval.altered' : 'approval.missing';
}

/** The form of a plan file is loaded only where there is one. */
const planFiles = () => import('../journal/planFile.ts');

async function readOrRefuse(file: string): Promise<PlanFile> {
  const { readPlanFile } = await planFiles();
  try {
    return readPlanFile(file);
  } catch (error) {
    if (!(error instanceof TvError)) throw error;
    const { code, message, exitCode, facts, next } = error;
    throw new Refusal(code, message, { exitCode, facts, next });
  }
}

/** @throws Refusal where a plan file is not for this call, at this time */
async function assertFits(
  engine: Engine,
  registered: RegisteredRunbook,
  input: Json,
  planFile: PlanFile,
): Promise<void> {
  const { expiryOf } = await planFiles();
  const { settings, version, clock, audit } = engine.ctx;
  const { document, file, sha256 } = planFile;
  const refuse = (code: ErrorCode, message: string, facts: Readonly<Record<string, string>>): never => {
    throw new Refusal(code, `${message}; nothing was changed.`, {
      exitCode: exitCodes.blocked,
      facts: { 'plan file': file, ...facts },
      next: [
        { tv: ['plan', 'show', file] },
        { again: ['--dry-run', '--out', 'new-plan.json'], when: 'to write it anew' },
      ],
    });
  };
  const differ = (code: ErrorCode, what: string, approved: string, now: string) =>
    approved === now ? undefined : refuse(code, `The plan file is for another ${what}`, { approved, now });
  differ('approval.other-environment', 'environment', document.environment, settings.environment);
  differ(
    'approval.other-environment',
    'chain',
    String(document.chainId ?? 'none'),
    String(settings.chain.id ?? 'none'),
  );
  differ('approval.other-call', 'command', document.runbook, registered.name);
  differ('approval.other-call', 'input', canonicalJson(document.input), canonicalJson(asJson(input)));
  differ('approval.other-version', 'version of tv', document.version, version);
  const now = clock.now();
  const { expiresAt, problem } = expiryOf(document, now, settings.approvals.expiryMs);
  if (problem !== undefined) {
    refuse(
      'approval.expired',
      problem === 'expired' ? 'The plan file has expired' : 'The plan file was written in the future',
      {
        written: localTime(new Date(document.createdAt)),
        'valid until': localTime(expiresAt),
        now: localTime(now),
      },
    );
  }
  const used = planUse(settings.stateDirectory, audit, sha256);
  if (used !== undefined) throw usedAlready(file, used.run);
}

function usedAlready(file: string, run: string): Refusal {
  return new Refusal('approval.used', 'The plan file was used already; nothing was changed.', {
    exitCode: exitCodes.blocked,
    facts: { 'plan file': file, run },
    next: [
      { tv: ['runs', 'show', run] },
      { again: ['--dry-run', '--out', 'new-plan.json'], when: 'to write it anew' },
    ],
  });
}

/** @throws Refusal where a check is overruled that whoever signed the plan did not see overruled */
export function assertSameOverrides({ planFile }: Approval, overrides: readonly OverrideUse[]): void {
  if (planFile === undefined) return;
  const approved = planFile.document.overrides.map(({ check }) => check);
  const further = overrides
    .map(({ check }) => check)
    .filter((name) => name !== override && !approved.includes(name));
  if (further.length === 0) return;
  throw new Refusal(
    'approval.other-call',
    'The plan was approved without these overrides; nothing was changed.',
    {
      exitCode: exitCodes.blocked,
      facts: { 'plan file': planFile.file, overrides: further.join(', ') },
      next: [{ again: ['--dry-run', '--out', 'new-plan.json'], when: 'to write the plan with them' }],
    },
  );
}

/**
 * Marks the plan file of a run as used, before the first step. An emergency does without the mark where the state
 * directory cannot be written.
 * @throws Refusal where another run was faster. @throws WriteError
 */
export function usePlanFile(engine: Engine, { planFile }: Approval, run: string, protective: boolean): void {
  if (planFile === undefined) return;
  const { operator, ctx } = engine;
  try {
    const mark = { run, operator, at: ctx.clock.now() };
    const used = usePlan(ctx.settings.stateDirectory, planFile.sha256, mark);
    if (used !== undefined) throw usedAlready(planFile.file, used.run);
  } catch (error) {
    if (!protective || !(error instanceof WriteError)) throw error;
  }
}

/** @throws UsageError where a dry run cannot write its plan to this path */
export async function assertNewFile(file: string): Promise<void> {
  const { fileExists } = await planFiles();
  if (existsSync(file)) throw fileExists(file);
  const folder = dirname(resolve(file));
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return;
  throw new UsageError('usage.output-file', 'The folder of --out does not exist.', {
    facts: { folder },
    next: 'make the folder, or give another one',
  });
}

/** Writes the plan of a dry run for others to approve. */
export async function writePlan(
  engine: Engine,
  registered: RegisteredRunbook,
  input: Json,
  file: string,
  ready: {
    readonly plan: PlanData;
    readonly restsOn: Json;
    readonly checks: readonly Check[];
    readonly overrides: readonly OverrideUse[];
  },
): Promise<void> {
  const { planFileText, writePlanFile } = await planFiles();
  const { settings, version, clock } = engine.ctx;
  const { user, host } = engine.operator;
  const now = clock.now();
  const expiresAt = new Date(now.getTime() + settings.approvals.expiryMs).toISOString();
  const { plan, restsOn, checks, overrides } = ready;
  const { runbook, name, section } = registered;
  const text = planFileText(
    {
      ...{ createdAt: now.toISOString(), expiresAt, createdBy: { user, host }, version },
      ...{ environment: settings.environment, chainId: settings.chain.id ?? null },
      ...{ runbook: name, title: runbook.title, section, risk: runbook.risk, input: asJson(input) },
      ...{ digest: plan.id, restsOn, plan, checks, overrides },
    },
    (shown) => engine.writer.redact(shown),
  );
  const { sha256 } = writePlanFile(file, text);
  engine.watch({ type: 'plan.written', file, sha256, expiresAt });
}
