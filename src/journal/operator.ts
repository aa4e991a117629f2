import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import type { Operator } from '../runbook/events.ts';
import { outsideText } from '../text/outsideText.ts';

/** The namespace in which a process without a container is (`PROC_PID_INIT_INO`, include/linux/proc_ns.h). */
const initialNamespace = 'pid:[4026531836]';

/** `unseen`: on another machine, or in a container beside or around this one. */
export type Presence = 'running' | 'ended' | 'unseen';

/** Whether an operator's process still runs. One that cannot be seen from here counts as running. */
export function isRunning(operator: Operator): boolean {
  return presenceOf(operator) !== 'ended';
}

/** What can be seen of an operator's process from here. */
export function presenceOf(operator: Operator): Presence {
  const sameKernel = operator.bootId !== undefined && operator.bootId === bootId();
  // A machine may be renamed while it runs, and containers of one machine have names of their own.
  if (!sameKernel && operator.host !== hostname()) return 'unseen';
  const here = pidNamespace();
  if (operator.pidNamespace !== undefined && operator.pidNamespace !== here) {
    if (here !== initialNamespace) return 'unseen';
    return isInContainer(operator) ? 'running' : 'ended';
  }
  try {
    process.kill(operator.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return 'ended';
  }
  if (isZombie(operator.pid)) return 'ended';
  return operator.mark === null || operator.mark === processMark(operator.pid) ? 'running' : 'ended';
}

/** Of a user; useradd(8) takes 32 characters. */
const longestName = 64;

/** This process, as the journal, the lock and the audit log name it. */
export function thisOperator(): Operator {
  const [namespace, boot] = [pidNamespace(), bootId()];
  return {
    // Under sudo the person matters, not root.
    user: outsideText(process.env['SUDO_USER'] || userInfo().username, longestName),
    host: hostname(),
    pid: process.pid,
    mark: processMark(process.pid) ?? null,
    ...(namespace === undefined ? {} : { pidNamespace: namespace }),
    ...(boot === undefined ? {} : { bootId: boot }),
  };
}

/** Undefined where the system has none. */
function pidNamespace(): string | undefined {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return undefined;
  }
}

/** Undefined where the system has none. */
function bootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** From the initial namespace all processes can be seen, under ids of its own. */
function isInContainer({ pid, mark }: Operator): boolean {
  return readdirSync('/proc').some((name) => {
    if (!/^\d+$/.test(name) || processMark(Number(name)) !== mark) return false;
    return innermostId(name) === pid && !isZombie(Number(name));
  });
}

/** The id of a process in its own namespace: the last one of `NSpid` (proc_pid_status(5)). */
function innermostId(pid: string): number | undefined {
  try {
    const ids = /^NSpid:\s+(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(ids?.split(/\s+/).at(-1));
  } catch {
    return undefined;
  }
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
