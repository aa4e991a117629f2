import { detectSystemd } from '../../../src/host/detectSystemd.ts';
import { listProcesses } from '../../../src/host/listProcesses.ts';
import { readUnit } from '../../../src/host/readUnit.ts';
import type { Context } from '../../../src/runbook/context.ts';
import { block, pass, warn } from '../../../src/runbook/lookout.ts';
import { ago } from '../../../src/runbook/text.ts';

/** The indexer is a unit of this host, and the only indexer on it. */
export async function checkServices(ctx: Context) {
  const { settings } = ctx;
  const host = ctx.host();
  const unit = settings.host.units.indexer;
  const program = settings.host.programs.indexer;
  const systemd = await detectSystemd(host);
  if (!systemd.available) {
    return block('no systemd on this host, so the indexer cannot be stopped', {
      facts: { systemd: systemd.reason },
      next: ['run tv on the host of the services, or set host.prefix: tv config show'],
    });
  }
  const [state, processes] = await Promise.all([readUnit(host, { unit }), listProcesses(host, { program })]);
  if (state.loadState !== 'loaded') {
    return block(`${unit} is not installed here (${state.loadState})`, {
      next: [
        'see what the unit is called: systemctl list-units --all',
        'set host.units.indexer: tv config show',
      ],
    });
  }
  const strangers = processes.filter((process) => process.unit !== `${unit}.service`);
  if (strangers.length > 0 || processes.length > 1) {
    return block(
      strangers.length > 0
        ? `an indexer runs that does not belong to ${unit}; there must never be two`
        : `${unit} has ${processes.length} processes of the indexer; there must never be two`,
      {
        facts: Object.fromEntries(
          processes.map(({ pid, command, user, unit: of }) => [
            `process ${pid}`,
            `${command}, of ${user}, ${of ?? 'no unit'}`,
          ]),
        ),
        next:
          strangers.length > 0
            ? [`end what does not belong to the unit: kill ${strangers.map(({ pid }) => pid).join(' ')}`]
            : [`systemctl status ${unit}`],
      },
    );
  }
  const wasActive = state.activeState === 'active';
  const value = { unit, program, wasActive };
  if (!wasActive) {
    return warn(`${unit} is ${state.activeState}; it will run afterwards`, { value });
  }
  const lasting =
    state.since === undefined ? '' : ` for ${ago(state.since, ctx.clock.now())}`.replace(' ago', '');
  return pass(`${unit} active${lasting}, one process (${state.mainPid})`, value);
}
