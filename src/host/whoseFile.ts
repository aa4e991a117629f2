import type { Host } from '../runbook/context.ts';
import script from './whoseFile.sh';

/**
 * Whose a file is: `own` where it belongs to root, to the user that host commands run as, to the owner of its
 * folder, or to the user of a service; `unknown` where systemd did not return the services' users.
 */
export type Ownership = 'own' | 'foreign' | 'unknown';

/** Whose a file on the host is, by its owner's uid. @throws UnavailableError where the host cannot be reached */
export async function whoseFile(
  host: Host,
  { path, uid, units }: { readonly path: string; readonly uid: number; readonly units: readonly string[] },
): Promise<Ownership> {
  if (uid === 0) return 'own';
  const { exitCode, stdout } = await host.run(['sh', '-c', script, 'sh', String(uid), path, ...units]);
  const answer = stdout.trim();
  return exitCode === 0 && (answer === 'own' || answer === 'foreign') ? answer : 'unknown';
}
