import { installedMemory } from '../../../src/database/tuning/recommendSettings.ts';
import { readDiskKind } from '../../../src/host/readDiskKind.ts';
import { readMachine } from '../../../src/host/readMachine.ts';
import type { Context } from '../../../src/runbook/context.ts';
import type { Tuning } from './facts.ts';

export interface MachineInput {
  /** Bytes. */
  readonly memory?: number | undefined;
  readonly cores?: number | undefined;
  readonly disk?: 'ssd' | 'hdd' | undefined;
}

/** Where PostgreSQL's packages put data; looked at where the role may not see the server's own. */
const usualData = '/var/lib';

/** The machine of the database: as the flags say, else as this environment's host says. */
export async function measureMachine(
  ctx: Context,
  input: MachineInput,
  dataDirectory: string | null,
): Promise<Tuning['machine']> {
  const { memory, cores } = input;
  const known = memory !== undefined && cores !== undefined;
  const [machine, disk] = await Promise.all([
    known ? undefined : readMachine(ctx.host()),
    kindOfDisk(ctx, input, dataDirectory),
  ]);
  const reported = machine?.memoryTotalBytes ?? 0;
  const measured = !known || input.disk === undefined;
  const { host } = ctx.database().target;
  return {
    memoryBytes: memory ?? installedMemory(reported),
    reportedBytes: memory === undefined ? reported : null,
    cores: cores ?? machine?.cores ?? 1,
    ...disk,
    elsewhere: measured && !isLocal(host) && host !== machine?.hostname ? host : null,
  };
}

async function kindOfDisk(ctx: Context, { disk }: MachineInput, dataDirectory: string | null) {
  if (disk !== undefined) return { disk, diskWhy: '--disk' };
  const { device, rotational, virtual } = await readDiskKind(ctx.host(), {
    path: dataDirectory ?? usualData,
  });
  if (device === null || rotational === null) {
    return { disk: 'ssd', diskWhy: 'assumed: the kernel does not tell' } as const;
  }
  if (!rotational) return { disk: 'ssd', diskWhy: device } as const;
  return virtual
    ? ({ disk: 'ssd', diskWhy: `assumed: ${device} is virtual and does not tell` } as const)
    : ({ disk: 'hdd', diskWhy: device } as const);
}

function isLocal(host: string): boolean {
  return /^(localhost|127\.[\d.]+|::1|\/.*)$/.test(host);
}
