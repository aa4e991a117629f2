import { onHost } from '../../../src/errors/advice.ts';
import { detectSystemd } from '../../../src/host/detectSystemd.ts';
import { listProcesses } from '../../../src/host/listProcesses.ts';
import { readUnit } from '../../../src/host/readUnit.ts';
import { showUnits } from '../../../src/host/showUnits.ts';
import type { Context } from '../../../src/runbook/context.ts';
import { block, pass, warn } from '../../../src/runbook/preflight.ts';
import { ago } from '../../../src/text/format.ts';

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
      next: [{ when: 'run tv on the host of the services, or set host.prefix', tv: ['config', 'show'] }],
    });
  }
  const [state, processes] = await Promise.all([readUnit(host, { unit }), listProcesses(host, { program })]);
  if (state.loadState === 'masked') {
    const running = state.activeState === 'active' ? ', and still running' : '';
    return block(`${unit} is masked${running}: once stopped, it could not be started again`, {
      next: [onHost(`systemctl unmask ${unit}`)],
    });
  }
  if (state.loadState !== 'loaded') {
    return block(`${unit} is not installed here (${state.loadState})`, {
      next: [
        onHost('systemctl list-units --all', 'see what the unit is called'),
        { when: 'set host.units.indexer', tv: ['config', 'show'] },
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
            : [onHost(`systemctl status ${unit}`)],
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
  const summary = `${unit} active${lasting}, one process (${state.mainPid})`;
  const oddities = await readOddities(ctx, unit);
  if (oddities.length === 0) return pass(summary, value);
  return warn(`${summary}; ${oddities.map(({ what }) => what).join('; ')}`, {
    value,
    next: oddities.map(({ next }) => next),
  });
}

/** What could start the unit again during the run, or start another program than the one that runs now. */
async function readOddities(ctx: Context, unit: string) {
  const [shown] = await showUnits(ctx.host(), {
    units: [unit],
    properties: ['Id', 'NeedDaemonReload', 'TriggeredBy'],
    next: onHost(`systemctl status ${unit}`),
  });
  const triggers = (shown?.get('TriggeredBy') ?? '').split(/\s+/).filter((name) => name !== '');
  return [
    ...triggers.map((name) => ({
      what: `${name} may start it again during the run`,
      next: onHost(`systemctl stop ${name}`),
    })),
    ...(shown?.get('NeedDaemonReload') === 'yes'
      ? [
          {
            what: 'its unit file has changed since systemd read it',
            next: onHost('systemctl daemon-reload'),
          },
        ]
      : []),
  ];
}
