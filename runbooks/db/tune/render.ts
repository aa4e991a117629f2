import { basename } from 'node:path';
import type { Paint } from '../../../src/runbook/paint.ts';
import { bytes } from '../../../src/text/format.ts';
import { table, wrap } from '../../../src/text/layout.ts';
import { tuneCommand } from './command.ts';
import type { SettingState, Tuning } from './facts.ts';
import type { MachineInput } from './measureMachine.ts';

/** The screen of `tv db tune`. */
export function renderTuning(tuning: Tuning, input: MachineInput, paint: Paint): string {
  const { database, version, settings, api } = tuning;
  const differ = settings.filter(({ state }) => state === 'differs');
  const waiting = settings.filter(({ state }) => state === 'waiting');
  const restart = differ.filter((setting) => setting.restart);
  const rows = settings.map((setting) => row(setting, paint));
  const verdict =
    differ.length === 0
      ? 'Every setting is as recommended.'
      : `${differ.length} of ${settings.length} settings differ${
          restart.length === 0 ? '' : `; ${restart.length} of them need a restart of PostgreSQL`
        }.`;
  const left =
    waiting.length === 0
      ? []
      : [
          `${waiting.map(({ name }) => name).join(', ')}: set, in effect after the next restart of PostgreSQL.`,
        ];
  const next = [
    ...(differ.length === 0 ? [] : [tuneCommand(input, '--apply')]),
    ...(waiting.length === 0 ? [] : ['at a quiet hour: systemctl restart postgresql']),
  ];
  return `${[
    wrap(`${paint.bold('PostgreSQL settings')} · ${database} · PostgreSQL ${version}`, paint.width),
    '',
    ...machine(tuning, paint),
    '',
    paint.width < wide ? narrowTable(settings, paint) : table([head(paint), ...rows], '', paint.width),
    '',
    ...[verdict, ...left].map((line) => wrap(line, paint.width)),
    wrap(apiLine(api, paint), paint.width),
    ...(next.length === 0 ? [] : ['', paint.next(next)]),
  ].join('\n')}\n`;
}

/** Columns that the table takes with its last column. */
const wide = 72;

function head(paint: Paint): string[] {
  return ['  setting', 'now', 'better', 'set in'].map((name) => paint.dim(name));
}

/** The place on a line of its own, where it is worth one. */
function narrowTable(settings: readonly SettingState[], paint: Paint): string {
  const rows = settings.map((setting) => row(setting, paint));
  const lines = table([head(paint).slice(0, 3), ...rows.map((cells) => cells.slice(0, 3))], '').split('\n');
  return lines
    .flatMap((line, index) => {
      const place = rows[index - 1]?.[3];
      return place === undefined || place === 'default' ? [line] : [line, paint.dim(`    ${place}`)];
    })
    .join('\n');
}

function row({ name, now, recommended, state, where, restart }: SettingState, paint: Paint): string[] {
  const mark = {
    same: paint.ok('✔'),
    differs: paint.warn('!'),
    waiting: paint.warn('…'),
    outranked: paint.bad('✖'),
  };
  const place = paint.full || !where.startsWith('/') ? where : basename(where);
  const notes = [
    place,
    ...(state === 'waiting' ? ['waits for a restart'] : []),
    ...(state === 'differs' && restart ? ['needs a restart'] : []),
    ...(state === 'outranked' ? ['outranks ALTER SYSTEM'] : []),
  ];
  return [`${mark[state]} ${name}`, now, state === 'same' ? '' : recommended, notes.join('; ')];
}

function machine(
  { machine: { memoryBytes, reportedBytes, cores, disk, diskWhy, elsewhere } }: Tuning,
  paint: Paint,
) {
  const memory = reportedBytes === null ? '' : ` (${bytes(reportedBytes)} usable)`;
  const size = `For ${bytes(memoryBytes).replace('.0 ', ' ')} of memory${memory}, ${cores} cores, ${disk.toUpperCase()} (${diskWhy}).`;
  const warning = `The database is on ${elsewhere}, not on this host: give its size with --memory, --cores and --disk.`;
  return [size, ...(elsewhere === null ? [] : [paint.bad(`✖ ${warning}`)])].map((line) =>
    wrap(line, paint.width),
  );
}

function apiLine({ workers, recommended, from }: Tuning['api'], paint: Paint): string {
  const should = `should be ${recommended} (2 × cores + 1)`;
  if (workers === null) return `API workers: ${should}; how many there are is ${from}.`;
  return workers === recommended
    ? `${paint.ok('✔')} API workers: ${workers} (2 × cores + 1), by ${from}.`
    : `${paint.warn('!')} API workers: ${workers} by ${from}; ${should}.`;
}
