import type { Host } from '../runbook/context.ts';

/**
 * Whose a file is: `own` where it belongs to root, to the user that host commands run as, to the owner of its
 * folder, or to the user of a service; `unknown` where systemd did not return the services' users.
 */
export type Ownership = 'own' | 'foreign' | 'unknown';

/** $1 the owner's uid, $2 the file, then the units. A user without a name is shown by its number. */
const script = `owner=$1; folder=$(dirname -- "$2"); shift 2
[ "$owner" != "$(id -u)" ] || { echo own; exit; }
[ "$owner" != "$(stat -L -c %u -- "$folder")" ] || { echo own; exit; }
shown=$(systemctl show --property=User -- "$@" 2>/dev/null) || { echo unknown; exit; }
for user in $(printf '%s\\n' "$shown" | sed -n 's/^User=//p'); do
  case $user in *[!0-9]*) uid=$(id -u -- "$user" 2>/dev/null) ;; *) uid=$user ;; esac
  [ "$owner" != "$uid" ] || { echo own; exit; }
done
echo foreign`;

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
