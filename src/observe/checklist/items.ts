import type { Advice } from '../../errors/advice.ts';

/** How often an item is due, in calendar months. */
export const periods = { monthly: 1, quarterly: 3, annually: 12 } as const;

export type Period = keyof typeof periods;

export const periodNames = Object.keys(periods) as readonly Period[];

interface Item {
  readonly period: Period;
  /** As the runbook names it. */
  readonly title: string;
  /** What does it, or shows what there is to review, before it is recorded. */
  readonly next?: readonly Advice[];
}

/** The security checklist of the operations runbook, in its order. */
export const items = {
  'access-logs': { period: 'monthly', title: 'Review access logs for anomalies' },
  dependencies: { period: 'monthly', title: 'Check for outdated dependencies' },
  backups: {
    period: 'monthly',
    title: 'Verify backup integrity',
    next: [{ tv: ['db', 'verify', '--latest', '--restore'] }],
  },
  roles: { period: 'monthly', title: 'Review role assignments' },
  'oracle-key': {
    period: 'quarterly',
    title: 'Rotate the oracle private key',
    next: [{ tv: ['oracle', 'rotate-key'] }],
  },
  certificates: { period: 'quarterly', title: 'Update TLS certificates' },
  'contract-audit': { period: 'quarterly', title: 'Security audit of the smart contracts' },
  'penetration-test': { period: 'quarterly', title: 'Penetration testing' },
  'recovery-test': { period: 'annually', title: 'Full disaster recovery test' },
  infrastructure: { period: 'annually', title: 'Infrastructure security review' },
  'incident-response': { period: 'annually', title: 'Update the incident response procedures' },
} as const satisfies Readonly<Record<string, Item>>;

export type ItemId = keyof typeof items;

export const itemIds = Object.keys(items) as readonly ItemId[];

/**
 * What tv could read about an item.
 * - `proven`: it was done at `at`, or is so now where `at` is null
 * - `contradicted`: it is not so, whatever is recorded
 * - `shown`: something for the person who does it; it decides nothing
 * - `not-set`: a setting is missing without which nothing can be proven
 * - `unknown`: it would prove or contradict, and could not be read
 * - `person`: tv can read nothing about it
 */
export interface Evidence {
  readonly kind: 'proven' | 'contradicted' | 'shown' | 'not-set' | 'unknown' | 'person';
  /** A part of a sentence. */
  readonly words: string;
  /** What gets the item done from here, where that is not what the item says anyway. */
  readonly next?: readonly Advice[];
  /** Name and value, shown beneath. */
  readonly facts?: Readonly<Record<string, string>>;
  /** ISO 8601. */
  readonly at?: string | null;
  /** ISO 8601: the proof holds until then, where that is not the item's period. */
  readonly until?: string;
}

/** What to run for an item that is due: what does it, else what records that a person did it. */
export function adviceFor(id: ItemId, evidence: Pick<Evidence, 'next'>): readonly Advice[] {
  const { next: usual = [] }: Item = items[id];
  const next = evidence.next ?? usual;
  return next.length > 0 ? next : [{ when: 'once it is done', tv: ['checklist', 'done', id, '--note', '…'] }];
}
