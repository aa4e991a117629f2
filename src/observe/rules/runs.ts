import { nameRuns } from '../../journal/readRuns.ts';
import { recoveryCommands } from '../../journal/runState.ts';
import { rule } from '../rule.ts';

export const runRules = [
  rule({
    id: 'run-unfinished',
    title: 'A run is unfinished',
    section: '',
    level: 'warning',
    escalation: 1,
    about: 'runs',
    needs: ['runs'],
    find: ({ runs: { left, unusual } }) =>
      left.length === 0
        ? undefined
        : {
            level: unusual.length > 0 ? 'critical' : 'warning',
            sentence: `${left.length === 1 ? 'a run is' : 'runs are'} unfinished: ${nameRuns(left, unusual)}`,
            next: left.flatMap(recoveryCommands),
          },
  }),
  rule({
    id: 'run-unverified',
    title: 'The effect of a run was not verified',
    section: '',
    level: 'warning',
    escalation: 1,
    about: 'runs',
    needs: ['runs'],
    find: ({ runs: { unverified } }) =>
      unverified.length === 0
        ? undefined
        : {
            sentence: `not verified: ${unverified.join(', ')}`,
            next: unverified.map((run) => ({ tv: ['resume', run] })),
          },
  }),
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
