import type { Settings } from '../src/config/settings.ts';
import { defineReport } from '../src/runbook/define.ts';
import { wrap } from '../src/text/layout.ts';

interface Level {
  readonly key: keyof Settings['contacts'];
  readonly title: string;
  readonly does: string;
}

/** Runbook, "Escalation Path": who can do what. */
const levels: readonly Level[] = [
  {
    key: 'level1',
    title: 'Level 1 · on-call',
    does: 'reads status, logs and the doctor; restarts services; makes room on disks; funds the relay',
  },
  {
    key: 'level2',
    title: 'Level 2 · backend engineer',
    does: 'database and API: reindex, restore, tuning, RPC providers',
  },
  {
    key: 'level3',
    title: 'Level 3 · contract developer',
    does: 'everything on the chain: pause, breakers, unwind, withdrawals, roles',
  },
  {
    key: 'security',
    title: 'Security',
    does: 'at once when a key or a password has leaked, or capital moves without a known transaction',
  },
];

/** `tv contacts`: whom to call, and for what. */
export default defineReport({
  title: 'Contacts',
  summary: 'Show whom to call, and for what',
  section: 'Quick reference',
  order: 8,
  settings: 'as-found',
  description:
    'Shows the escalation path with what each level can do, and the contacts of the settings (`contacts.level1`, `level2`, `level3` and `security`, each a list). The findings of `tv status --json` name the level that they need.',
  examples: [{ what: 'Whom to call', line: 'tv contacts' }],
  input: {},
  collect: async ({ settings }) => ({
    environment: settings.environment,
    levels: levels.map(({ key, title, does }) => ({ key, title, does, contacts: settings.contacts[key] })),
  }),
  render: ({ environment, levels: all }, paint) => {
    const parts = all.map(({ title, does, contacts }) => {
      const lines = contacts.map((contact) => `    ${wrap(contact, paint.width - 4, '      ')}`);
      return [
        `  ${paint.bold(title)}`,
        `    ${paint.dim(wrap(does, paint.width - 4, '    '))}`,
        ...(lines.length === 0 ? [`    ${paint.warn('no contact in the settings')}`] : lines),
      ].join('\n');
    });
    const missing = all.filter(({ contacts }) => contacts.length === 0).map(({ key }) => `contacts.${key}`);
    const next =
      missing.length === 0
        ? []
        : [
            paint.next([
              { when: `write ${missing.join(', ')} into the configuration file`, tv: ['config', 'show'] },
            ]),
          ];
    return `${[`${paint.bold('Contacts')} · ${environment}`, ...parts, ...next].join('\n\n')}\n`;
  },
});
