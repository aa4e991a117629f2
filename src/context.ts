import type { AppContext, ContextRequest } from './environment.ts';
import type { Clock } from './runbook/context.ts';
import type { ToolContext } from './runbook/define.ts';
import { sleep } from './runbook/sleep.ts';

const clock: Clock = { now: () => new Date(), monotonic: () => Math.floor(performance.now()), sleep };

/** A command that needs no environment gets none, and loads nothing that one consists of. */
export async function buildContext(request: ContextRequest): Promise<AppContext> {
  const { program, entry, signals } = request;
  const own = { version: program.version, registry: program.registry, clock, signal: signals.asked };
  if (entry.settings === 'none') {
    const remoteLock = () => {
      throw new Error(`${entry.command} has no environment, and so no lock`);
    };
    return { ctx: own as unknown as ToolContext, remoteLock, close: async () => {} };
  }
  const { openEnvironment } = await import('./environment.ts');
  return openEnvironment(request, own);
}
