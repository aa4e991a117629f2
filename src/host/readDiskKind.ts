import { basename } from 'node:path';
import type { Host } from '../runbook/context.ts';
import script from './readDiskKind.sh';

export type DiskKind = {
  /** `nvme0n1`, `vda`; null where the file system is on no disk that the kernel names (a network, ZFS, overlay). */
  readonly device: string | null;
  /** What the kernel says; null where it says nothing. */
  readonly rotational: boolean | null;
  /** A hypervisor's disk: those say "rotational" whatever is beneath them. */
  readonly virtual: boolean;
};

/** The kind of disk under a path of the host. Never fails: not knowing is an answer. */
export async function readDiskKind(host: Host, { path }: { readonly path: string }): Promise<DiskKind> {
  const { stdout } = await host.run(['sh', '-c', script, 'sh', path]);
  return parseDiskKind(stdout);
}

export function parseDiskKind(output: string): DiskKind {
  const [disk = '', flag = '', vendor = ''] = output.split('\n').map((line) => line.trim());
  const device = disk === '' ? null : basename(disk);
  const virtual =
    /^(x?vd[a-z]+|pmem\d+)$/.test(device ?? '') || /qemu|vmware|msft|google|virtual|^do$/i.test(vendor);
  return { device, rotational: flag === '1' ? true : flag === '0' ? false : null, virtual };
}
