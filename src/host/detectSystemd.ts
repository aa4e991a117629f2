import type { Host } from '../runbook/context.ts';
import { CommandMissingError, lastLine } from './explainFailure.ts';

export interface SystemdPresence {
  readonly available: boolean;
  /** What it says of itself (`running`, `degraded` …), or why it is not there. */
  readonly reason: string;
}

/** What `systemctl is-system-running` prints while there is a manager, whatever its health (systemctl(1)). */
const managed = new Set(['initializing', 'starting', 'running', 'degraded', 'maintenance', 'stopping']);

/** Says whether a systemd manager can be asked at all; where there is none, an empty journal means nothing. */
export async function detectSystemd(host: Host): Promise<SystemdPresence> {
  try {
    const { stdout, stderr } = await host.run(['systemctl', 'is-system-running']);
    const state = stdout.trim();
    if (managed.has(state)) return { available: true, reason: state };
    return {
      available: false,
      reason: lastLine(stderr) || (state === 'offline' ? 'the host was not booted with systemd' : state),
    };
  } catch (error) {
    if (error instanceof CommandMissingError) return { available: false, reason: error.message };
    throw error;
  }
}
