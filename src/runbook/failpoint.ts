/**
 * Kills this process with SIGKILL at a named place, so that a test can cut a run off exactly there.
 * Places: `<step>:started`, `<step>:acted` (its effect is there, its result not yet journaled),
 * `<step>:done`, and the same with `undo-` in front. `<place>@SIGINT` sends another signal.
 *
 * Only ever active in a sandbox environment, and only where `TV_FAILPOINT` names the place.
 */
export function failpoint(sandbox: boolean, place: string): void {
  if (!sandbox) return;
  const [named, signal = 'SIGKILL'] = process.env['TV_FAILPOINT']?.split('@') ?? [];
  if (named === place) process.kill(process.pid, signal);
}
