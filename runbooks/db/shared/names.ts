/** `20261123-221500-db-backup-7f3a` → `20261123-221500-7f3a`: the time of a run, and what sets it apart. */
export function stampOf(run: string): string {
  return `${run.slice(0, 15)}-${run.slice(-4)}`;
}

/** The name under which a run's dumps and restores appear in `pg_stat_activity`; the server cuts at 63 bytes. */
export function applicationName(run: string): string {
  return `tv ${run}`.slice(0, 63);
}

/** A database beside the live one, of one run alone. PostgreSQL cuts names at 63 bytes. */
export function besideName(live: string, purpose: 'restore' | 'verify' | 'trial', run: string): string {
  return `${live.slice(0, 32)}_${purpose}_${stampOf(run).replaceAll('-', '_')}`;
}
