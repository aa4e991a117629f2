import type { Advice } from '../src/errors/advice.ts';
import { explainedBy, type Finding, judge, nextOf } from '../src/observe/findings.ts';
import { type Level, worstLevel } from '../src/observe/level.ts';
import type { At } from '../src/observe/rule.ts';
import { unreadable } from '../src/observe/rules.ts';
import { unseenIn, type World } from '../src/observe/world.ts';
import { type Question, type Symptom, type SymptomName, symptoms } from './doctor.symptoms.ts';

interface Answered {
  readonly fine: string;
  readonly level: Level;
  /** What says otherwise, and sources that said nothing. */
  readonly findings: readonly string[];
  /** Why it is unknown where no finding says so: there was nothing to look at. */
  readonly reason: string | null;
}

/** What the questions of a diagnosis have been answered with. */
export interface Diagnosis {
  readonly environment: string;
  readonly chainId: number | null;
  readonly symptom: SymptomName | null;
  readonly title: string | null;
  readonly level: Level;
  readonly answers: readonly Answered[];
  readonly findings: readonly Finding[];
  readonly next: readonly Advice[];
}

export interface DiagnoseParameters extends At {
  /** Default: all that is wrong now, without a question. */
  readonly symptom: SymptomName | undefined;
  /** What the command itself asked; it replaces what the rules found by the same id. */
  readonly probed: readonly Finding[];
  /** What questions need to be asked at all. */
  readonly given: { readonly [K in NonNullable<Question['given']>]?: unknown };
}

/** Answers the questions of a symptom from what was read. */
export function diagnose({ symptom, probed, given, ...at }: DiagnoseParameters): Diagnosis {
  const about: Symptom | undefined = symptom === undefined ? undefined : symptoms[symptom];
  const judged = judge(at).findings.filter(({ id }) => !probed.some((other) => other.id === id));
  const all = [...judged, ...probed];
  const answers = (about?.questions ?? [])
    .filter(({ given: needed }) => needed === undefined || given[needed] !== undefined)
    .map((question) => answerOf(question, all, at.world));
  const findings = inQuestionFirst(all, answers);
  const { environment, chain } = at.settings;
  return {
    environment,
    chainId: chain.id ?? null,
    symptom: symptom ?? null,
    title: about?.title ?? null,
    level: worstLevel([...findings, ...answers].map(({ level }) => level)),
    answers,
    findings,
    next: nextOf({ findings }),
  };
}

/** A question is as bad as the worst that says otherwise, and unknown at least where a source of it showed nothing. */
function answerOf({ fine, sources, rules }: Question, all: readonly Finding[], world: World): Answered {
  const silences = sources.flatMap((id) => [`unknown-${id}`, unreadable[id].away ?? '']);
  const found = all.filter(
    ({ id }) => silences.includes(id) || rules.some((rule) => id === rule || id.startsWith(`${rule}:`)),
  );
  const ids = found.map(({ id }) => id);
  const reasons = sources.flatMap((id) => {
    // Where a finding reports the silence, it has the reason.
    const isFound = ids.includes(`unknown-${id}`) || ids.includes(unreadable[id].away ?? '');
    const reason = isFound ? undefined : unseenIn(world, id);
    return reason === undefined ? [] : [reason];
  });
  const levels = [...found.map(({ level }) => level), ...reasons.map(() => 'unknown' as const)];
  return { fine, level: worstLevel(levels), findings: ids, reason: reasons.join('; ') || null };
}

/** What the questions name, and what explains it. */
export function inQuestion(
  all: readonly Pick<Finding, 'id' | 'cause'>[],
  answers: readonly Pick<Answered, 'findings'>[],
): ReadonlySet<string> {
  const wanted = new Set(answers.flatMap(({ findings }) => findings));
  for (const id of wanted) {
    const cause = all.find((each) => each.id === id)?.cause;
    // A set yields what is added while it is walked.
    if (cause != null) wanted.add(cause);
  }
  return wanted;
}

/** All that was found, each cause followed by what it explains: first what the questions are about. */
function inQuestionFirst(all: readonly Finding[], answers: readonly Answered[]): readonly Finding[] {
  const asked = inQuestion(all, answers);
  const groups = all
    .filter(({ cause }) => cause === null)
    .map((root) => [root, ...explainedBy(root.id, all)]);
  const isAsked = (group: readonly Finding[]) => group.some(({ id }) => asked.has(id));
  return [...groups.filter(isAsked), ...groups.filter((group) => !isAsked(group))].flat();
}
