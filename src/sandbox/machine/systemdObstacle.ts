import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { childEnvironment } from '../../host/childEnvironment.ts';
import { cgroupRoot } from './cgroup.ts';

/** Why a private systemd cannot be booted on this machine; undefined where it can. */
export async function systemdObstacle(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'this is not Linux';
  if (process.getuid?.() !== 0) return 'you are not root';
  for (const program of ['systemd', 'systemd-journald']) {
    if (!existsSync(`/lib/systemd/${program}`)) return `/lib/systemd/${program} is not installed`;
  }
  const root = cgroupRoot();
  if (root === undefined) return 'no cgroup2 is mounted';
  try {
    const probe = join(root, `tv-sandbox-probe-${process.pid}`);
    mkdirSync(probe);
    rmdirSync(probe);
  } catch {
    return `no control group can be made under ${root}`;
  }
  const namespaces = ['--pid', '--mount', '--uts', '--ipc', '--cgroup'];
  const unshare = await execa('unshare', ['--fork', ...namespaces, 'true'], {
    reject: false,
    env: childEnvironment(),
    extendEnv: false,
  });
  return unshare.exitCode === 0 ? undefined : 'the kernel refuses new namespaces';
}
