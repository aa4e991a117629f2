import { setTimeout as sleep } from 'node:timers/promises';

/** How long a process group has between SIGTERM and SIGKILL, in milliseconds. */
const graceMs = 2_000;
const pollMs = 20;

const alive = new Set<number>();

/** Remembers a process group, so that it ends with this process at the latest. */
export function adoptGroup(pid: number): void {
  if (alive.size === 0) process.on('exit', endAll);
  alive.add(pid);
}

export function releaseGroup(pid: number): void {
  alive.delete(pid);
  if (alive.size === 0) process.off('exit', endAll);
}

function endAll(): void {
  for (const pid of alive) signalGroup(pid, 'SIGTERM');
}

/**
 * Ends all processes of a group: SIGTERM, and SIGKILL to those still there after two seconds, or
 * once `leader` (the group's first process, with its pipes) has exited.
 * `asOwner` sends a signal where this user may not (the group runs as root, through sudo).
 */
export async function endGroup(
  pid: number,
  leader: PromiseLike<unknown>,
  asOwner: (signal: NodeJS.Signals) => Promise<void>,
): Promise<void> {
  let leaderEnded = false;
  const noteEnd = () => {
    leaderEnded = true;
  };
  leader.then(noteEnd, noteEnd);
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (signalGroup(pid, signal) === 'refused') await asOwner(signal);
    // The group alone is not waited for: an orphan in it stays a zombie until init reaps it.
    for (let waited = 0; waited < graceMs && !leaderEnded; waited += pollMs) {
      if (signalGroup(pid, 0) === 'gone') return;
      await sleep(pollMs);
    }
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals | 0): 'sent' | 'gone' | 'refused' {
  try {
    process.kill(-pid, signal);
    return 'sent';
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM' ? 'refused' : 'gone';
  }
}
