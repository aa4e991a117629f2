import { exitCodes, TvError } from '../../errors/TvError.ts';
import { AuditLog } from '../../journal/audit.ts';
import { readDrillScreens } from '../../journal/drills.ts';
import { thisOperator } from '../../journal/operator.ts';
import { RedactingWriter } from '../../output/redactingWriter.ts';
import { Secrets } from '../../output/secrets.ts';
import type { Clock } from '../../runbook/context.ts';
import type { CommandDefinition } from '../../runbook/define.ts';
import type { DrillEntry, DrillFinding, DrillRecord, DrillScreen } from '../../runbook/drill.ts';
import { wholeTokens } from '../../text/format.ts';
import { listFaults } from '../break.ts';
import { sandboxDown } from '../down.ts';
import { sandboxPaths } from '../paths.ts';
import type { SandboxState } from '../state.ts';
import {
  type Drill,
  forgetDrill,
  lockDrill,
  type Measured,
  openHistory,
  ownDrillName,
  readDrill,
  sandboxOf,
} from './drill.ts';
import { countWrongRows, readFindings, readFunds } from './measure.ts';
import { mixFaults } from './mix.ts';
import { type DrillAction, isLate, scoreDrill } from './score.ts';

interface EndContext {
  readonly clock: Clock;
  readonly registry: readonly Pick<CommandDefinition, 'command' | 'risk'>[];
  tell(line: string): void;
}

/**
 * Judges the drill, keeps its score in the history, and takes its sandbox down, in this order: cut off anywhere, it
 * is run again and ends once.
 * @throws TvError where there is no drill
 */
export async function endDrill(ctx: EndContext): Promise<DrillRecord> {
  const { clock } = ctx;
  const name = ownDrillName();
  return lockDrill(name, clock, async () => {
    const drill = readDrill(name);
    if (drill === undefined) {
      throw new TvError('drill.none', 'You have no drill.', {
        next: { tv: ['drill', 'start'] },
        exitCode: exitCodes.blocked,
      });
    }
    const history = openHistory(clock);
    const kept = history.entries().find((entry) => entry.drill === drill.id);
    const record = kept === undefined ? await judge(name, drill, ctx) : withoutLink(kept);
    if (kept === undefined) await history.append(record);
    ctx.tell('taking its sandbox down …');
    await sandboxDown({ name });
    forgetDrill(name);
    return record;
  });
}

function withoutLink({ seq, at, previous, hash, ...record }: DrillEntry): DrillRecord {
  return record;
}

async function judge(name: string, drill: Drill, ctx: EndContext): Promise<DrillRecord> {
  const { id, seed, minutes, running } = drill;
  const { clock, tell } = ctx;
  const now = clock.now();
  const startedAt = running?.startedAt ?? now.toISOString();
  const base = { operator: thisOperator(), drill: id, seed, minutes, startedAt };
  const lasted = Math.max(0, (now.getTime() - Date.parse(startedAt)) / 1000);
  const state = running === null ? undefined : sandboxOf(name, drill);
  if (running === null || state === undefined) {
    return { ...base, lasted, outcome: 'interrupted', score: null };
  }
  const screens = readDrillScreens(sandboxPaths(state.dir).tvState).filter(
    ({ at }) => !isLate(at, { startedAt, minutes }),
  );
  const actions = readActions(state, ctx);
  tell('looking once more …');
  const last = await lastScreen(state, now);
  tell('comparing rows and funds …');
  const summaries = new Map(listFaults().map(({ fault, summary }) => [fault, summary]));
  const faults = mixFaults(seed).map((fault) => ({ ...fault, summary: summaries.get(fault.fault) ?? '' }));
  const score = scoreDrill({
    ...{ faults, startedAt, minutes, screens, last, actions },
    ...(await readLosses(state, running.before)),
  });
  const solved = score.faults.every(({ safe }) => safe !== null);
  return { ...base, lasted, outcome: solved ? 'solved' : 'unsolved', score };
}

const mostReads = 3;

/** A busy machine may leave a source without its answer once. */
async function lastScreen(state: SandboxState, at: Date): Promise<DrillScreen> {
  let findings: readonly DrillFinding[] = [];
  for (let look = 0; look < mostReads; look++) {
    findings = await readFindings(state);
    if (!findings.some(({ id }) => id.startsWith('unknown-'))) break;
  }
  return { at: at.toISOString(), command: 'status', findings };
}

/** From the sandbox's audit log: what got past its checks and the question. */
function readActions(state: SandboxState, { registry, clock }: EndContext): readonly DrillAction[] {
  const { tvState } = sandboxPaths(state.dir);
  const log = new AuditLog(tvState, new RedactingWriter(new Secrets()), clock);
  const refused: readonly number[] = [
    ...[exitCodes.usage, exitCodes.blocked, exitCodes.notConfirmed, exitCodes.locked],
  ];
  return log
    .entries()
    .filter(({ run, exitCode }) => run !== null && exitCode !== null && !refused.includes(exitCode))
    .map(({ at, command }) => {
      const plain = command.replace(/^(?:resume|undo|abandon) /, '');
      const severe = registry.some((entry) => entry.command === plain && entry.risk === 'severe');
      return { at, command: plain, severe };
    });
}

async function readLosses(state: SandboxState, before: Measured) {
  const rows = await countWrongRows(state);
  const rowsLost = rows === null ? null : Math.max(0, rows - before.rows);
  try {
    const after = await readFunds(state);
    const fundsLost = state.deployment.tokens.flatMap(({ symbol, decimals }) => {
      const lost = BigInt(before.funds[symbol] ?? 0) - BigInt(after[symbol] ?? 0);
      return lost > 0n ? [{ symbol, amount: wholeTokens(lost, decimals) }] : [];
    });
    return { rowsLost, fundsLost };
  } catch (error) {
    if (!(error instanceof TvError)) throw error;
    return { rowsLost, fundsLost: null };
  }
}
