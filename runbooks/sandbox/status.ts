import * as z from 'zod';
import { defineReport, field } from '../../src/runbook/define.ts';
import type { Paint } from '../../src/runbook/paint.ts';
import { type SandboxInfo, sandboxStatus, type UnitStatus } from '../../src/sandbox/status.ts';
import { short } from '../../src/text/format.ts';
import { aligned, table } from '../../src/text/layout.ts';

/** `tv sandbox status`: what runs where. */
export default defineReport({
  title: 'Sandbox status',
  summary: 'Show what runs where',
  order: 2,
  settings: 'none',
  description: 'Shows the units of a sandbox, its ports, files and the addresses of those who hold keys.',
  examples: [{ what: 'What runs where', line: 'tv sandbox status' }],
  input: {
    name: field('--name <name>', 'which sandbox (default sandbox)', z.string().optional()),
    dir: field('--dir <directory>', 'where it lives, if not in the state directory', z.string().optional()),
  },
  collect: (_ctx, input) => sandboxStatus(input),
  render: ({ condition, dir, sandbox, units, faults }, paint) => {
    if (condition === 'down') return `No sandbox in ${dir}.\n\n${paint.next([{ tv: ['sandbox', 'up'] }])}\n`;
    if (condition === 'broken' || sandbox === undefined) {
      return `${paint.bad('✘')} The sandbox in ${dir} is not complete, or has stopped.\n\n${paint.next([{ tv: ['sandbox', 'up'] }, { tv: ['sandbox', 'down'] }])}\n`;
    }
    const broken =
      faults.length === 0
        ? ''
        : `\n\n${paint.warn('!')} broken on purpose: ${faults.join(', ')}\n${paint.next([{ tv: ['sandbox', 'break', '--heal'] }])}`;
    return [
      `Sandbox ${paint.bold(sandbox.name)} · ${sandbox.network} chain · contracts as ${sandbox.contracts} · schema as ${sandbox.databaseSchema}`,
      '',
      table(units.map((unit) => unitRow(unit, paint))),
      '',
      aligned(places(sandbox), paint.width),
      '',
      table(Object.entries(sandbox.accounts).map(([role, address]) => [role, short(address, paint.full)])),
    ]
      .join('\n')
      .concat(broken, '\n');
  },
});

function unitRow({ unit, active, pid }: UnitStatus, paint: Paint): readonly string[] {
  const mark = active === 'active' ? paint.ok('✔') : paint.bad('✘');
  return [mark, unit, active, pid === 0 ? '' : paint.dim(`process ${pid}`)];
}

function places({ dir, ports, files, machine }: SandboxInfo): readonly (readonly [string, string])[] {
  return [
    ['directory', dir],
    ['config', files.config],
    ['settings', files.envFile],
    ['backups', files.backups],
    ['rpc', `http://127.0.0.1:${ports.rpc} (proxy), http://127.0.0.1:${ports.chain} (chain)`],
    ['api', `http://127.0.0.1:${ports.api}`],
    ['database', `127.0.0.1:${ports.database}, PGPASSFILE=${files.passwords}`],
    ['host prefix', machine.prefix.join(' ')],
  ];
}
