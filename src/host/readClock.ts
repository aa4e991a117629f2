import type { Host } from '../runbook/context.ts';

/** The host's own clock; undefined where it does not report it. */
export async function readClock(host: Host): Promise<Date | undefined> {
  const { exitCode, stdout } = await host.run(['date', '+%s']);
  const seconds = Number(stdout.trim());
  return exitCode === 0 && Number.isFinite(seconds) && seconds > 0 ? new Date(seconds * 1000) : undefined;
}
