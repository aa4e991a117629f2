import { rule } from '../rule.ts';

export const runRules = [
  rule({
    id: 'run-unapproved',
    title: 'A run was started without its approval',
    section: 'Security',
    level: 'warning',
    escalation: 2,
    about: 'runs',
    needs: ['runs'],
    find: ({ runs: { unapproved } }) =>
      unapproved.map(({ run, runbook, at, by, reason }) => ({
        subject: run,
        sentence: `a run of tv ${runbook} by ${by} was started without its approval`,
        evidence: { run, at, reason },
        next: [{ tv: ['runs', 'report', run] }],
      })),
  }),
];
