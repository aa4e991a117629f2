import { UnavailableError } from '../errors/TvError.ts';
import type { Host } from '../runbook/context.ts';
import { lastLine } from './explainFailure.ts';

export interface Machine {
  readonly cores: number;
  readonly memoryTotalBytes: number;
  /** What programs can still get without swapping (MemAvailable, proc(5)). */
  readonly memoryAvailableBytes: number;
  /** Mean number of runnable processes over 1, 5 and 15 minutes. */
  readonly load: readonly [number, number, number];
  readonly hostname: string;
  /** Another one after each boot. */
  readonly bootId: string;
}

const script = `nproc && uname -n && cat /proc/sys/kernel/random/boot_id /proc/loadavg /proc/meminfo`;

/** Size and load of the host. @throws UnavailableError where the host is not a Linux that returns them */
export async function readMachine(host: Host): Promise<Machine> {
  const { exitCode, stdout, stderr } = await host.run(['sh', '-c', script]);
  const machine = exitCode === 0 ? parseMachine(stdout) : undefined;
  if (machine !== undefined) return machine;
  throw new UnavailableError('host.unreadable-answer', 'The host did not report its size and load.', {
    facts: { reason: lastLine(stderr) || 'not understood' },
  });
}

export function parseMachine(output: string): Machine | undefined {
  const [cores = '', hostname = '', bootId = '', loads = '', ...memory] = output.split('\n');
  const [one = Number.NaN, five = Number.NaN, fifteen = Number.NaN] = loads.split(' ').map(Number);
  const bytes = (name: string) => {
    const kib = memory.find((line) => line.startsWith(`${name}:`))?.match(/(\d+) kB/)?.[1];
    return kib === undefined ? Number.NaN : Number(kib) * 1024;
  };
  const machine: Machine = {
    cores: Number(cores),
    memoryTotalBytes: bytes('MemTotal'),
    memoryAvailableBytes: bytes('MemAvailable'),
    load: [one, five, fifteen],
    hostname,
    bootId,
  };
  const numbers = [machine.cores, machine.memoryTotalBytes, machine.memoryAvailableBytes, ...machine.load];
  return numbers.every(Number.isFinite) ? machine : undefined;
}
