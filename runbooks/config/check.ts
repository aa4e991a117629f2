import type { ProblemLevel, SettingsProblem } from '../../src/config/settings.ts';
import { defineReport } from '../../src/runbook/define.ts';
import type { Paint } from '../../src/runbook/paint.ts';
import { aligned, wrap } from '../../src/text/layout.ts';

/** `tv config check`: exit 1 where a setting is missing, malformed or contradicts another. */
export default defineReport({
  title: 'Check the settings',
  summary: 'Check the settings for mistakes and weak points',
  order: 3,
  settings: 'as-found',
  description:
    'Reads all sources of the settings and lists their problems: malformed values, unknown keys, missing addresses, a chain id that does not match the RPC URL, files with secrets that others can read. It contacts neither chain nor database; `tv status` does. Exit code 1 for errors, 0 if there are only warnings.',
  examples: [{ what: 'Mistakes and weak points', line: 'tv config check' }],
  input: {},
  collect: async ({ settings, settingsOrigins: { files, problems } }) => ({
    environment: settings.environment,
    sound: problems.every(({ level }) => level === 'warning'),
    problems,
    files,
  }),
  render: ({ environment, sound, problems, files }, paint) => {
    const used = files.filter(({ state }) => state === 'used').map(({ path }) => path);
    const sources = used.length === 0 ? 'no file read' : used.join(', ');
    const verdict = sound
      ? `${paint.ok('✔')} The settings can be used${problems.length === 0 ? '.' : '; see above.'}`
      : `${paint.bad('✖')} The settings need attention.`;
    return [
      wrap(`${paint.bold('Check the settings')} · ${environment} · ${sources}`, paint.width, '  '),
      '',
      ...problems.map((problem) => `${renderProblem(problem, paint)}\n`),
      verdict,
      '',
    ].join('\n');
  },
  exitCode: ({ sound }) => (sound ? 0 : 1),
});

function renderProblem({ level, message, where, facts, next }: SettingsProblem, paint: Paint): string {
  const rows = Object.entries({ where, ...facts, next: paint.line(next) });
  return `${mark(level, paint)} ${wrap(message, paint.width - 2, '  ')}\n${aligned(rows, paint.width, '    ')}`;
}

function mark(level: ProblemLevel, paint: Paint): string {
  return level === 'warning' ? paint.warn('!') : paint.bad('✖');
}
