import type { ServiceName } from '../config/settings.ts';
import { onHost } from '../errors/advice.ts';
import { readUnits } from '../host/readUnits.ts';
import type { Context } from '../runbook/context.ts';
import { ago, bytes } from '../text/format.ts';
import { type Sample, takeSample } from './sample.ts';

/** One systemctl call, one sample for each service. */
export function services(ctx: Context, limitMs: number): Promise<Sample>[] {
  const names: readonly ServiceName[] = ['api', 'indexer', 'oracle'];
  const { units } = ctx.settings.host;
  const states = (async () => readUnits(ctx.host(), { units: names.map((name) => units[name]) }))();
  return names.map((name, index) =>
    takeSample(units[name], limitMs, async () => {
      const state = (await states)[index];
      if (state === undefined) return { level: 'unknown', summary: 'systemd did not return its state' };
      if (state.loadState === 'not-found') {
        const next = [
          onHost('systemctl list-units --all'),
          { when: `host.units.${name}`, tv: ['config', 'show'] },
        ];
        return { level: 'unknown', summary: 'not installed on this host', next };
      }
      const since =
        state.since === undefined ? '' : `, ${ago(state.since, ctx.clock.now()).replace('ago', 'long')}`;
      const restarts =
        state.restarts === 0
          ? ''
          : `, ${state.restarts} ${state.restarts === 1 ? 'restart' : 'restarts'} by systemd`;
      const memory = state.memoryBytes === undefined ? '' : `, ${bytes(state.memoryBytes)}`;
      const summary = `${state.activeState} (${state.subState})${since.replace(' long', '')}${memory}${restarts}`;
      const log = onHost(`journalctl -u ${units[name]} -n 50 --no-pager`);
      const data = { state: state.activeState };
      if (state.activeState !== 'active') {
        const next = name === 'oracle' ? [{ tv: ['oracle', 'recover'] }, log] : [log];
        return { level: 'critical', summary, next, data };
      }
      return state.restarts === 0
        ? { level: 'ok', summary, data }
        : { level: 'warning', summary, next: [log], data };
    }),
  );
}

/**
 * Removes the advice about services that are stopped on purpose: by an unfinished run, which starts them again,
 * or during a pause, whose end does. The samples of these two have the advice that helps.
 */
export function adviseOnStopped(
  samples: readonly Sample[],
  units: Readonly<Record<ServiceName, string>>,
): readonly Sample[] {
  const dataOf = (id: string) => samples.find((sample) => sample.id === id)?.data;
  const paused = dataOf('protocol')?.['paused'] === true;
  const stoppedBy = (dataOf('runs')?.['stopped'] ?? {}) as Partial<Record<ServiceName, string>>;
  const serviceOf = (id: string) =>
    (Object.keys(units) as ServiceName[]).find((name) => id === name || id === units[name]);
  return samples.map((sample) => {
    const service = serviceOf(sample.id);
    if (service === undefined || sample.level === 'ok') return sample;
    const run = stoppedBy[service];
    const isOff = dataOf(units[service])?.['state'] === 'inactive';
    if (run === undefined && !(paused && isOff)) return sample;
    const why = run === undefined ? 'the protocol is paused' : `stopped by ${run}`;
    const isUnit = sample.id === units[service];
    return { ...sample, summary: isUnit ? `${sample.summary}; ${why}` : sample.summary, next: [] };
  });
}
