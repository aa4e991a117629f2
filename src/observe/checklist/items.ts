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

/** What to run for an item that is due: what does it, else what records that a person did it. */
export function adviceFor(id: ItemId): readonly Advice[] {
  const { next = [] }: Item = items[id];
  return next.length > 0 ? next : [{ when: 'once it is done', tv: ['checklist', 'done', id, '--note', '…'] }];
}
