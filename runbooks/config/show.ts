import { basename } from 'node:path';
import * as z from 'zod';
import type { ConsideredFile, SettingOrigin } from '../../src/config/settings.ts';
import { UsageError } from '../../src/errors/TvError.ts';
import { defineReport, field } from '../../src/runbook/define.ts';
import type { Paint } from '../../src/runbook/paint.ts';
import { howMany } from '../../src/text/format.ts';
import { padEnd, visibleWidth, wrap } from '../../src/text/layout.ts';

/** Columns of a value beside which its origin is still aligned with the others. */
const valueColumn = 22;

/** `tv config show`: every setting, its value without credentials, and its origin. */
export default defineReport({
  title: 'Settings',
  summary: 'Show every setting and where it came from',
  order: 2,
  settings: 'as-found',
  description:
    'Shows every setting of the chosen environment and where it came from. The order of the sources: flags, `TV_…` variables, the configuration file, the `.env` of TempoVault, defaults. Passwords and API keys are masked.',
  examples: [
    { what: 'All settings, and where each came from', line: 'tv config show' },
    { what: 'Those of the chain', line: 'tv config show chain' },
  ],
  input: {
    key: field('[key]', 'a setting, or the beginning of some: chain, host.units', z.string().optional()),
  },
  collect: async ({ settings, settingsOrigins: { values, files, environments, problems } }, { key }) => {
    const chosen = values.filter((value) => key === undefined || `${value.key}.`.startsWith(`${key}.`));
    if (chosen.length === 0) {
      throw new UsageError('usage.unknown-name', 'There is no such setting.', {
        facts: { given: key },
        next: { tv: ['config', 'show'] },
      });
    }
    return { environment: settings.environment, environments, settings: chosen, files, problems };
  },
  render: ({ environment, environments, settings, files, problems }, paint) => {
    const names = Math.max(...settings.map(({ key }) => key.length));
    const others = environments.filter((name) => name !== environment);
    const also = others.length === 0 ? '' : ` · other environments: ${others.join(', ')}`;
    return [
      `${paint.bold('Settings')} · ${environment}${paint.dim(also)}`,
      '',
      ...settings.map((setting) => row(setting, names, paint)),
      '',
      'Files, in the order of the search',
      ...files.map(({ path, state }) => `  ${mark(state, paint)} ${padEnd(state, 10)}  ${path}`),
      ...(problems.length === 0
        ? []
        : [
            '',
            `${paint.warn('!')} ${howMany(problems.length, 'problem')} found.`,
            paint.next([{ tv: ['config', 'check'] }]),
          ]),
      '',
    ].join('\n');
  },
});

function row(setting: SettingOrigin, names: number, paint: Paint): string {
  const head = `  ${padEnd(setting.key, names)}  `;
  const shown = setting.source === 'unset' ? 'not set' : setting.shown;
  const value = setting.source === 'unset' ? paint.dim(shown) : shown;
  const origin = paint.dim(originOf(setting));
  const used = head.length + Math.max(valueColumn, visibleWidth(shown)) + 2;
  if (used + originOf(setting).length <= paint.width) {
    return `${head}${padEnd(value, valueColumn)}  ${origin}`.trimEnd();
  }
  const indent = ' '.repeat(head.length);
  return `${head}${wrap(value, paint.width - head.length, indent)}\n${indent}${origin}`;
}

/** The file's name is enough: its whole path is listed once, below. */
function originOf({ source, where }: SettingOrigin): string {
  if (source === 'default') return 'default';
  if (source === 'flag') return '--set';
  const [, path, rest] = /^(\/.*?)(:\d+)/.exec(where) ?? [];
  return path === undefined ? where : `${basename(path)}${rest}`;
}

function mark(state: ConsideredFile['state'], paint: Paint): string {
  if (state === 'used') return paint.ok('✔');
  return state === 'unreadable' ? paint.bad('✖') : paint.dim('·');
}
