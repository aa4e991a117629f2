import { type Advice, onHost } from '../errors/advice.ts';
import type { Database } from '../runbook/context.ts';
import { howMany } from '../text/format.ts';
import { visible } from '../text/outsideText.ts';
import { applicationNameOf } from './connectDatabase.ts';
import { allTables, type EventSchema } from './eventSchema.ts';
import { listSessions, readSessions, type Session } from './listSessions.ts';

export type Writer = Session & {
  /** `holds RowExclusiveLock on events`, `its last statement writes events`, `its name says so`. */
  readonly reason: string;
};

export type Writers = {
  /** Sessions that write, or seem to write, event tables: the indexer above all. */
  readonly found: readonly Writer[];
  /** Sessions of other roles of which this one cannot see what they do: any of them may write, too. */
  readonly hidden: readonly Session[];
};

/**
 * Who writes event tables. A driver that neither names itself nor has a transaction open may show nothing but
 * `COMMIT`, so an empty answer proves little on its own: look at the process too. Our own sessions are left out.
 */
export async function findWriters(
  database: Database,
  parameters: { readonly schema: EventSchema },
): Promise<Writers> {
  const { schema } = parameters;
  const whole = new Map((await readSessions(database.kysely)).map((s) => [s.pid, s.statement]));
  const sessions = (await listSessions(database, { schema })).filter(
    ({ application }) => !isOurs(application, applicationNameOf(database)),
  );
  const found = sessions.flatMap((session) => {
    const reason = reasonFor(session, whole.get(session.pid) ?? session.statement, schema);
    return reason === undefined ? [] : [{ ...session, reason }];
  });
  const known = new Set(found.map(({ pid }) => pid));
  return { found, hidden: sessions.filter(({ pid, hidden }) => hidden && !known.has(pid)) };
}

/** `2 sessions of tv_api and grafana are hidden from tempovault`, with what makes them visible. */
export function describeHidden(
  hidden: readonly Pick<Session, 'user'>[],
  role: string,
): { readonly words: string; readonly next: Advice } {
  const users = [...new Set(hidden.map(({ user }) => user))];
  const one = hidden.length === 1;
  return {
    words: `${howMany(hidden.length, 'session')} of ${users.map(visible).join(' and ')} ${one ? 'is' : 'are'} hidden from ${visible(role)}`,
    next: onHost(`sudo -u postgres psql -c 'GRANT pg_read_all_stats TO "${visible(role)}"'`, 'to see them'),
  };
}

/** `tv` and all that begins with `tv ` are ours, where our own name is `tv`. */
function isOurs(application: string, own: string): boolean {
  return application === own || application.startsWith(`${own} `);
}

function reasonFor(session: Session, statement: string, schema: EventSchema): string | undefined {
  const [lock] = session.locks.filter((l) => l.mode !== 'RowShareLock');
  if (lock !== undefined) return `holds ${lock.mode} on ${lock.table}`;
  const written = allTables(schema).find((table) => writes(statement, table.name));
  if (written !== undefined) return `its last statement writes ${written.name}`;
  return /indexer/i.test(session.application) ? 'its name says so' : undefined;
}

function writes(statement: string, table: string): boolean {
  const name = table.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const verb = String.raw`\b(?:insert\s+into|update(?:\s+only)?|delete\s+from(?:\s+only)?|merge\s+into|copy|truncate(?:\s+table)?)`;
  return new RegExp(String.raw`${verb}\s+(?:"?\w+"?\.)?"?${name}(?![\w$])`, 'i').test(statement);
}
