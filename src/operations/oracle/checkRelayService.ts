import { onHost } from '../../errors/advice.ts';
import { detectSystemd } from '../../host/detectSystemd.ts';
import { listProcesses } from '../../host/listProcesses.ts';
import { readUnit } from '../../host/readUnit.ts';
import type { Context } from '../../runbook/context.ts';
import { block, type Preflight, pass, warn } from '../../runbook/preflight.ts';

/**
 * The relay's unit, and that no second relay runs, which would collide on nonces.
 * @param mustRun whether a unit that is not active blocks, because it is to be seen working first
 */
export function checkRelayService(
  ctx: Context,
  preflight: Preflight,
  { mustRun = false }: { readonly mustRun?: boolean } = {},
): Promise<{ readonly unit: string; readonly wasActive: boolean } | undefined> {
  return preflight.check('service', 'host', async () => {
    const { units, programs } = ctx.settings.host;
    const unit = units.oracle;
    const systemd = await detectSystemd(ctx.host());
    if (!systemd.available) {
      return block('no systemd on this host, so the relay cannot be stopped', {
        facts: { systemd: systemd.reason },
        next: [{ when: 'run tv on the host of the services, or set host.prefix', tv: ['config', 'show'] }],
      });
    }
    const [state, processes] = await Promise.all([
      readUnit(ctx.host(), { unit }),
      listProcesses(ctx.host(), { program: programs.oracle }),
    ]);
    if (state.loadState !== 'loaded') {
      return block(`${unit} is not installed here (${state.loadState})`, {
        next: [{ when: 'set host.units.oracle', tv: ['config', 'show'] }],
      });
    }
    const strangers = processes.filter((process) => process.unit !== `${unit}.service`);
    if (strangers.length > 0) {
      return block(`a relay runs that does not belong to ${unit}; two with one key collide on nonces`, {
        facts: Object.fromEntries(
          strangers.map(({ pid, command, user }) => [`process ${pid}`, `${command}, of ${user}`]),
        ),
        next: [onHost(`kill ${strangers.map(({ pid }) => pid).join(' ')}`, 'end it')],
      });
    }
    const wasActive = state.activeState === 'active';
    if (!wasActive && mustRun) {
      return block(`${unit} is ${state.activeState}: the relay does not work as it is`, {
        override: 'relay-not-running',
        value: { unit, wasActive },
        next: [{ tv: ['oracle', 'status'] }, { tv: ['oracle', 'recover'] }],
      });
    }
    if (!wasActive) {
      return warn(`${unit} is ${state.activeState}; it will run afterwards`, { value: { unit, wasActive } });
    }
    return pass(`${unit} active, process ${state.mainPid}`, { unit, wasActive });
  });
}
