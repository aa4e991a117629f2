import type { Advice } from '../errors/advice.ts';
import { distinctAdvice } from '../errors/advice.ts';
import { type Level, rank, worstLevel } from './level.ts';
import type { AnyRule, At, Escalation, Found } from './rule.ts';
import { rules, unreadable } from './rules.ts';
import { type SourceId, sourceIds, sources, type World } from './world.ts';

/** Something that is wrong, or not known. */
export interface Finding {
  /** The rule's, or `unknown-` and the source; with a subject `service-down:oracle`. */
  readonly id: string;
  readonly source: SourceId;
  readonly level: Exclude<Level, 'ok'>;
  readonly title: string;
  readonly section: string;
  readonly escalation: Escalation;
  readonly sentence: string;
  readonly evidence: Readonly<Record<string, string>>;
  readonly likely: string | null;
  readonly next: readonly Advice[];
  /** The finding that explains this one. */
  readonly cause: string | null;
}

export interface Judgement {
  readonly level: Level;
  /** Causes, worst first, each before what it explains. */
  readonly findings: readonly Finding[];
}

/** What is wrong in the world, each finding with the one that explains it. */
export function judge(at: At, table: readonly AnyRule[] = rules): Judgement {
  const silent = unknowns(at);
  const isAway = ({ finding }: Candidate) => finding.level === 'critical';
  const found = [
    ...silent.filter(isAway),
    ...table.flatMap((rule) => apply(rule, at)),
    ...silent.filter((each) => !isAway(each)),
  ];
  const findings = found.map(({ finding, causes }) => ({
    ...finding,
    cause:
      causeOf(
        finding.id,
        causes,
        found.map((each) => each.finding.id),
      ) ?? null,
  }));
  return {
    level: worstLevel(findings.map(({ level }) => level)),
    findings: inOrder(withoutCircles(findings)),
  };
}

/** More commands than these are not read at night. */
const mostCommands = 3;

/** What to run, of causes only: what a cause explains goes away with it. */
export function nextOf({ findings }: Pick<Judgement, 'findings'>, most = mostCommands): readonly Advice[] {
  const roots = findings.filter(({ cause }) => cause === null);
  const first = roots.flatMap(({ next }) => next.slice(0, 1));
  return distinctAdvice([...first, ...roots.flatMap(({ next }) => next.slice(1))]).slice(0, most);
}

/** The facts beneath a finding's sentence: its evidence, and the likely cause. */
export function factsOf({ evidence, likely }: Pick<Finding, 'evidence' | 'likely'>): [string, string][] {
  return Object.entries({ ...evidence, ...(likely === null ? {} : { 'likely cause': likely }) });
}

/** What a finding explains, and what that explains. */
export function explainedBy(id: string, findings: readonly Finding[]): readonly Finding[] {
  return findings
    .filter(({ cause }) => cause === id)
    .flatMap((each) => [each, ...explainedBy(each.id, findings)]);
}

interface Candidate {
  readonly finding: Finding;
  readonly causes: readonly string[];
}

/** What a rule is asked with; undefined where a source that it needs is not known. */
export function valuesFor({ needs }: AnyRule, world: World): Partial<Record<SourceId, unknown>> | undefined {
  const values: Partial<Record<SourceId, unknown>> = {};
  for (const id of needs) {
    const reading = world[id];
    if (reading?.known !== true) return undefined;
    values[id] = reading.value;
  }
  return values;
}

function apply(rule: AnyRule, at: At): readonly Candidate[] {
  const values = valuesFor(rule, at.world);
  if (values === undefined) return [];
  const result = rule.find(values, at) ?? [];
  const all = 'sentence' in result ? [result] : result;
  return all.map((found) => ({
    finding: {
      id: found.subject === undefined ? rule.id : `${rule.id}:${found.subject}`,
      source: rule.about,
      level: found.level ?? rule.level,
      title: rule.title,
      section: rule.section,
      escalation: rule.escalation,
      ...words(found),
    },
    causes: found.causes ?? rule.causes ?? [],
  }));
}

function words({ sentence, evidence = {}, likely, next = [] }: Found) {
  return { sentence, evidence, likely: likely ?? null, next, cause: null };
}

/** A source that was asked and returned nothing. Those that failed with the same error are explained by the first. */
function unknowns({ world, settings }: At): readonly Candidate[] {
  const failed = sourceIds.flatMap((id) => {
    const reading = world[id];
    return reading === undefined || reading.known ? [] : [{ id, reading }];
  });
  return failed.flatMap(({ id, reading }, index) => {
    const first = failed.findIndex((other) => other.reading.cause === reading.cause);
    const { away, causes, lateCauses = [], escalation, section, quiet, next } = unreadable[id];
    if (quiet === true) return [];
    const isAway = away !== undefined && reading.away;
    const same = failed[first]?.id;
    return [
      {
        finding: {
          id: isAway ? away : `unknown-${id}`,
          source: id,
          level: isAway ? ('critical' as const) : ('unknown' as const),
          title: isAway ? `${sources[id].title} cannot be reached` : `${sources[id].title} unknown`,
          section,
          escalation,
          ...words({
            sentence: isAway ? reading.reason : `${sources[id].title} unknown: ${reading.reason}`,
            evidence: reading.facts,
            next: (isAway ? next?.(settings, reading.cause) : undefined) ?? reading.next,
          }),
        },
        causes: [
          ...(first < index && same !== undefined ? [`unknown-${same}`, unreadable[same].away ?? ''] : []),
          ...causes,
          ...(isAway ? [] : lateCauses),
        ],
      },
    ];
  });
}

function causeOf(id: string, causes: readonly string[], ids: readonly string[]): string | undefined {
  for (const cause of causes) {
    const found = ids.find((one) => one !== id && (one === cause || one.startsWith(`${cause}:`)));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Two that name each other as cause would both be hidden: the first of them is shown as a cause. */
function withoutCircles(findings: readonly Finding[]): readonly Finding[] {
  const byId = new Map(findings.map((finding) => [finding.id, finding]));
  return findings.map((finding) => {
    const seen = new Set([finding.id]);
    for (let cause = finding.cause; cause !== null; cause = byId.get(cause)?.cause ?? null) {
      if (cause === finding.id) {
        const own = { ...finding, cause: null };
        byId.set(finding.id, own);
        return own;
      }
      if (seen.has(cause)) break;
      seen.add(cause);
    }
    return finding;
  });
}

/** Causes by the worst that they explain, each followed by that. */
export function inOrder(findings: readonly Finding[]): readonly Finding[] {
  const groups = findings
    .filter(({ cause }) => cause === null)
    .map((root) => [root, ...explainedBy(root.id, findings)]);
  const worst = (group: readonly Finding[]) => rank(worstLevel(group.map(({ level }) => level)));
  return groups.toSorted((a, b) => worst(b) - worst(a)).flat();
}
