import { readFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import type { Operator } from '../runbook/events.ts';
import { outsideText } from '../text/outsideText.ts';

/** Whether an operator's process still runs. One on another machine counts as running: that cannot be read here. */
export function isRunning(operator: Operator): boolean {
  if (operator.host !== hostname()) return true;
  try {
    process.kill(operator.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  if (isZombie(operator.pid)) return false;
  return operator.mark === null || operator.mark === processMark(operator.pid);
}

/** Of a user; useradd(8) takes 32 characters. */
const longestName = 64;

/** This process, as the journal, the lock and the audit log name it. */
export function thisOperator(): Operator {
  return {
    // Under sudo the person matters, not root.
    user: outsideText(process.env['SUDO_USER'] || userInfo().username, longestName),
    host: hostname(),
    pid: process.pid,
    mark: processMark(process.pid) ?? null,
  };
}

/** Killed, but not yet collected by its parent. */
function isZombie(pid: number): boolean {
  return stat(pid)?.[0] === 'Z';
}

/**
 * A mark that distinguishes a process from a later one with the same id: its start time in clock ticks
 * since boot (field 22 of `/proc/PID/stat`). Undefined where the system has no `/proc`.
 */
function processMark(pid: number): string | undefined {
  return stat(pid)?.[19];
}

/** The fields of `/proc/PID/stat` from the third on; the second may contain spaces and brackets. */
function stat(pid: number): readonly string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
