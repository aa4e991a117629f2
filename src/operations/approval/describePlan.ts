import { answer } from '../../errors/answer.ts';
import { thisOperator } from '../../journal/operator.ts';
import { expiryOf, type PlanDocument, type PlanFile } from '../../journal/planFile.ts';
import { planUse } from '../../journal/usedPlans.ts';
import {
  requiredFor,
  type SignatureState,
  type SignatureVerdict,
  signatureWords,
} from '../../runbook/approval.ts';
import type { Context } from '../../runbook/context.ts';
import type { Paint } from '../../runbook/paint.ts';
import { ago, howMany, localTime, planName } from '../../text/format.ts';
import { aligned, wrap } from '../../text/layout.ts';
import { verifySignatures } from './verifySignatures.ts';

/** What tv can say of a plan file: `used` outranks the rest. */
export type PlanState = 'open' | 'expired' | 'used' | 'future';

export interface DescribedPlan {
  readonly file: string;
  readonly sha256: string;
  readonly document: PlanDocument;
  readonly state: PlanState;
  /** By the settings of this call, if those are stricter than the file. */
  readonly expiresAt: string;
  readonly required: number;
  readonly usedBy: string | null;
  readonly signatures: readonly SignatureVerdict[];
  /** Names of the operator of this call in the file of allowed signers. */
  readonly operator: readonly string[];
  /** Why it is unknown whose the signatures are; null where it is known. */
  readonly problem: string | null;
}

/** State and signatures of a plan file, by the settings and the state directory of this call. */
export async function describePlan(
  { settings, clock, audit }: Pick<Context, 'settings' | 'clock' | 'audit'>,
  planFile: PlanFile,
): Promise<DescribedPlan> {
  const { approvals, stateDirectory } = settings;
  const { file, sha256, document } = planFile;
  const { expiresAt, problem } = expiryOf(document, clock.now(), approvals.expiryMs);
  const usedBy = planUse(stateDirectory, audit, sha256)?.run ?? null;
  const found = await answer(verifySignatures(planFile, approvals, thisOperator()));
  return {
    ...{ file, sha256, document },
    state: usedBy === null ? (problem ?? 'open') : 'used',
    expiresAt: expiresAt.toISOString(),
    required: requiredFor(approvals, document.risk),
    usedBy,
    signatures: found.known ? found.value.signatures : [],
    operator: found.known ? found.value.operator : [],
    problem: found.known ? (found.value.signers.known ? null : found.value.signers.reason) : found.reason,
  };
}

/** The whole screen of a plan file: head, checks, plan, signatures. */
export function renderPlanFile(described: DescribedPlan, paint: Paint): string {
  const { title, environment, chainId, createdAt, createdBy, version, runbook, input, digest } =
    described.document;
  const created = new Date(createdAt);
  const by = `${createdBy.user}@${createdBy.host}`;
  const chain = chainId === null ? [] : [`chain ${chainId}`];
  return [
    wrap(paint.bold([title, environment, ...chain].join(' · ')), paint.width),
    aligned(
      [
        ['command', `tv ${runbook}`],
        ['input', JSON.stringify(input)],
        ['written', `${localTime(created)} (${ago(created, paint.now)}) by ${by}, tv ${version}`],
        ['digest', digest],
        ['state', stateWords(described)],
      ],
      paint.width,
    ),
    '',
    paint.plan(described.document, `Plan ${planName(digest, paint)}`),
    '',
    renderSignatures(described, paint),
  ].join('\n');
}

function stateWords({ state, expiresAt, usedBy }: DescribedPlan): string {
  const until = localTime(new Date(expiresAt));
  switch (state) {
    case 'open':
      return `open until ${until}`;
    case 'expired':
      return `expired at ${until}`;
    case 'future':
      return 'written in the future, by the clock of this machine';
    case 'used':
      return `used by run ${usedBy ?? 'unknown'}`;
  }
}

export function renderSignatures({ signatures, required, problem }: DescribedPlan, paint: Paint): string {
  const asked =
    required === 0
      ? 'none needed by the settings here'
      : `${howMany(required, 'signature')} of others needed`;
  const line = (mark: string, text: string) => `  ${mark} ${wrap(text, paint.width - 4, '    ')}`;
  const rows = signatures.map(({ principal, fingerprint, state, file }) => {
    const who = [principal, fingerprint ?? file].filter((part) => part !== null).join(', ');
    // Whoever reads this may be the one who signs, and another the one who runs it.
    const words =
      state === 'own' ? 'valid; yours, so it does not count where you start the run' : signatureWords[state];
    return line(markOf(state, paint), `${who}: ${words}`);
  });
  return [
    `${paint.bold('Signatures')} (${asked})`,
    ...(rows.length === 0 && problem === null ? ['  none yet'] : rows),
    ...(problem === null ? [] : [line(paint.warn('?'), `signers unknown: ${problem}`)]),
  ].join('\n');
}

function markOf(state: SignatureState, paint: Paint): string {
  if (state === 'valid' || state === 'own') return paint.ok('✔');
  return state === 'unchecked' ? paint.warn('?') : paint.bad('✖');
}
