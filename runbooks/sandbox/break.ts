import * as z from 'zod';
import { UsageError } from '../../src/errors/TvError.ts';
import { defineAction, field } from '../../src/runbook/define.ts';
import { breakSandbox, healSandbox, listFaults } from '../../src/sandbox/break.ts';
import { table } from '../../src/text/layout.ts';

/** `tv sandbox break FAULT`, `--heal`, `--list`. */
export default defineAction({
  title: 'Break the sandbox',
  summary: 'Break something on purpose, or heal it',
  order: 4,
  risk: 'sandbox',
  settings: 'none',
  description:
    'Breaks one thing in a sandbox, so that engineers can practise; --heal mends all that is broken.',
  examples: [
    { what: 'What can be broken', line: 'tv sandbox break --list' },
    { what: 'Break it, see it, mend it', line: 'tv sandbox break dead-rpc' },
    { what: 'Mend everything', line: 'tv sandbox break --heal' },
  ],
  input: {
    fault: field('[fault]', 'what to break; see --list', z.string().optional()),
    heal: field('--heal', 'mend all that is broken', z.boolean().optional()),
    list: field('--list', 'what can be broken', z.boolean().optional()),
    name: field('--name <name>', 'which sandbox (default sandbox)', z.string().optional()),
    dir: field('--dir <directory>', 'where it lives, if not in the state directory', z.string().optional()),
  },
  run: async (_ctx, { fault, heal, list, ...place }) => {
    if (list) return { kind: 'list' as const, faults: listFaults() };
    if (heal) return { kind: 'healed' as const, faults: await healSandbox(place) };
    if (fault === undefined) {
      throw new UsageError('usage.missing-value', 'Name a fault, or --heal or --list.', {
        next: { tv: ['sandbox', 'break', '--list'] },
      });
    }
    await breakSandbox(place, fault);
    return { kind: 'broken' as const, fault };
  },
  render: (done, paint) => {
    switch (done.kind) {
      case 'list':
        return `${table(
          done.faults.map(({ fault, summary }) => [fault, paint.dim(summary)]),
          '  ',
          paint.width,
        )}\n`;
      case 'healed':
        return done.faults.length === 0
          ? `${paint.ok('✔')} Nothing was broken.\n`
          : `${paint.ok('✔')} Mended: ${done.faults.join(', ')}.\n`;
      case 'broken':
        return `${paint.warn('!')} Broken: ${done.fault}.\n\n${paint.next([{ tv: ['sandbox', 'break', '--heal'] }])}\n`;
    }
  },
});
