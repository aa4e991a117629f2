import type { Finding } from '../../src/observe/findings.ts';
import { type Level, worstLevel } from '../../src/observe/level.ts';

/** What is asked after a resize or a move, and the findings that say no. */
const questions: readonly { readonly fine: string; readonly rules: readonly string[] }[] = [
  {
    fine: 'every unit that is installed runs, and starts at boot',
    rules: [
      ...['host-away', 'unknown-services', 'unknown-processes', 'host-empty', 'same-machine'],
      ...[
        'service-down',
        'service-missing',
        'service-restarted',
        'service-frozen',
        'boot-lost',
        'boot-unknown',
      ],
    ],
  },
  {
    fine: 'they work: the API answers, the indexer keeps up, signals are fresh',
    rules: [
      ...['api-away', 'api-unhealthy', 'api-degraded', 'unknown-api'],
      ...['indexer-stalled', 'indexer-lag', 'indexer-ahead', 'indexer-lag-unknown'],
      ...['indexer-no-cursor', 'unknown-indexer'],
      ...['signals-dead', 'signals-stale', 'signals-late', 'pairs-unknown', 'unknown-signals'],
    ],
  },
  { fine: 'the memory suffices', rules: ['memory-high', 'unknown-machine'] },
  { fine: 'the API has 2 × cores + 1 workers', rules: ['api-workers'] },
  {
    fine: "PostgreSQL's settings fit the machine",
    rules: ['tuning-differs', 'tuning-waiting', 'tuning-elsewhere', 'unknown-tuning'],
  },
  {
    fine: 'exactly one indexer',
    rules: [
      'hosts-indexer',
      'service-twice:indexer',
      'second-indexer',
      'unknown-writers',
      'boot-twice:indexer',
    ],
  },
  {
    fine: 'exactly one oracle relay',
    rules: [
      ...['hosts-oracle', 'service-twice:oracle', 'second-relay', 'boot-twice:oracle'],
      ...['relay-stuck', 'relay-unread', 'unknown-relay'],
    ],
  },
];

export interface ScaleAnswers {
  readonly level: Level;
  readonly answers: readonly {
    readonly fine: string;
    readonly level: Level;
    readonly findings: readonly string[];
  }[];
  /** What answers a question, and what explains that. */
  readonly findings: readonly Finding[];
}

export function answerFrom(all: readonly Finding[]): ScaleAnswers {
  const findings = asked(all);
  return {
    level: worstLevel(findings.map(({ level }) => level)),
    answers: questions.map(({ fine, rules }) => {
      const found = findings.filter(({ id }) => isAbout(id, rules));
      return {
        fine,
        level: worstLevel(found.map(({ level }) => level)),
        findings: found.map(({ id }) => id),
      };
    }),
    findings,
  };
}

/** Whether a finding, on whichever host, is of one of these rules. */
function isAbout(id: string, rules: readonly string[]): boolean {
  const plain = id.replace(/@.*$/, '');
  return rules.some((rule) => plain === rule || plain.startsWith(`${rule}:`));
}

/** Findings that answer a question, and what explains them. */
function asked(all: readonly Finding[]): readonly Finding[] {
  const wanted = new Set(
    all.filter(({ id }) => questions.some(({ rules }) => isAbout(id, rules))).map(({ id }) => id),
  );
  for (const id of wanted) {
    const cause = all.find((finding) => finding.id === id)?.cause;
    // A set yields what is added while it is walked.
    if (cause != null) wanted.add(cause);
  }
  return all.filter(({ id }) => wanted.has(id));
}
