import type { Database } from '../runbook/context.ts';
import { applicationNameOf } from './connectDatabase.ts';
import { allTables, type EventSchema } from './eventSchema.ts';
import { listSessions, readSessions, type Session } from './listSessions.ts';

export type Writer = Session & {
  /** `holds RowExclusiveLock on events`, `its last statement writes events`, `its name says so`. */
  readonly reason: string;
};

/**
 * Sessions that write, or seem to write, event tables: the indexer above all. A driver that neither
 * names itself nor has a transaction open may show nothing but `COMMIT`, so an empty answer proves
 * little on its own: look at the process too. Our own sessions are left out.
 */
export async function findWriters(
  database: Database,
  parameters: { readonly schema: EventSchema },
): Promise<readonly Writer[]> {
  const { schema } = parameters;
  const whole = new Map((await readSessions(database.kysely)).map((s) => [s.pid, s.statement]));
  const sessions = await listSessions(database, { schema });
  return sessions
    .filter((session) => !isOurs(session.application, applicationNameOf(database)))
    .flatMap((session) => {
      const reason = reasonFor(session, whole.get(session.pid) ?? session.statement, schema);
      return reason === undefined ? [] : [{ ...session, reason }];
    });
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
