import type { Advice } from '../../errors/advice.ts';
import { count, howMany } from '../../text/format.ts';
import { adviceFor } from '../checklist/items.ts';
import type { JudgedItem } from '../checklist/judge.ts';
import { noNode, rule } from '../rule.ts';

const mostNamed = 3;
const show: Advice = { tv: ['checklist'] };

function named(all: readonly JudgedItem[], words: (item: JudgedItem) => string): string {
  const more = all.length > mostNamed ? ` and ${count(all.length - mostNamed)} more` : '';
  return `${all.slice(0, mostNamed).map(words).join(', ')}${more}`;
}

export const checklistRules = [
  rule({
    id: 'checklist-due',
    title: 'Items of the security checklist are due',
    section: 'Security',
    level: 'warning',
    escalation: 1,
    about: 'checklist',
    needs: ['checklist'],
    openWhile: ['checklist-unknown'],
    find: ({ checklist: { items, records } }) => {
      // A certificate that expires has a finding of its own.
      const due = items.filter(
        ({ id, state, evidence }) =>
          state === 'due' && !(id === 'certificates' && evidence.kind === 'contradicted'),
      );
      const [first] = due;
      if (first === undefined) return undefined;
      const never = records.known && records.value === 0;
      const words = named(due, ({ id, due: at }) => (at === null ? id : `${id} since ${at.slice(0, 10)}`));
      return {
        sentence: `${howMany(due.length, 'item')} of the security checklist ${due.length === 1 ? 'is' : 'are'} due: ${words}${never ? '; nothing is recorded on this machine' : ''}`,
        evidence: Object.fromEntries(
          due.flatMap(({ id, evidence }) => (evidence.kind === 'contradicted' ? [[id, evidence.words]] : [])),
        ),
        next: due.length === 1 ? [...adviceFor(first.id, first.evidence), show] : [show],
      };
    },
  }),
  rule({
    id: 'checklist-unknown',
    title: 'Whether items of the security checklist are due is unknown',
    section: 'Security',
    level: 'warning',
    escalation: 1,
    about: 'checklist',
    needs: ['checklist'],
    causes: [
      ...['host-away', ...noNode, 'rpc-wrong-chain', 'unknown-chain'],
      ...['unknown-backups', 'unknown-certificate', 'unknown-relay'],
    ],
    find: ({ checklist: { items } }) => {
      const open = items.filter(({ state }) => state === 'unknown');
      const reasons = [...new Set(open.map(({ reason }) => reason))].filter((reason) => reason !== null);
      return open.length === 0
        ? undefined
        : {
            level: 'unknown',
            sentence: `whether ${howMany(open.length, 'item')} of the security checklist ${open.length === 1 ? 'is' : 'are'} due is unknown: ${reasons.join('; ')}`,
            evidence: { items: named(open, ({ id }) => id) },
            next: [show],
          };
    },
  }),
];
