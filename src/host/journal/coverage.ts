import { type Answer, answer, known } from '../../errors/answer.ts';
import type { Host } from '../../runbook/context.ts';
import { readJournal } from '../readJournal.ts';
import { readUnits, type UnitState } from '../readUnits.ts';

/** What is known of a unit besides the entries that were read. */
export interface UnitCoverage {
  readonly unit: string;
  readonly state: Answer<Pick<UnitState, 'loadState' | 'activeState'>>;
  /** Its newest entry of all times; unknown with the reason where the journal holds none, or cannot be read. */
  readonly newest: Answer<Date>;
}

/**
 * Whether units exist and run, and when each wrote last: what turns "no entries" into an answer.
 * @param newestRead the newest entry of each unit that was just read; only the others are looked up
 */
export async function readCoverage(
  host: Host,
  {
    units,
    newestRead,
  }: { readonly units: readonly string[]; readonly newestRead: ReadonlyMap<string, Date> },
): Promise<readonly UnitCoverage[]> {
  const states = answer(readUnits(host, { units }));
  return Promise.all(
    units.map(async (unit, index) => {
      const read = newestRead.get(unit);
      const [all, newest] = await Promise.all([
        states,
        read === undefined ? newestOf(host, unit) : known(read),
      ]);
      const state = all.known ? all.value[index] : undefined;
      return {
        unit,
        state:
          state === undefined
            ? { known: false, reason: all.known ? 'systemd did not return its state' : all.reason }
            : known(state),
        newest,
      };
    }),
  );
}

async function newestOf(host: Host, unit: string): Promise<Answer<Date>> {
  const read = await answer(readJournal(host, { unit, lines: 1 }));
  if (!read.known) return read;
  const { reason = 'the journal holds no entry of it', entries } = read.value;
  const at = entries.at(-1)?.at;
  return at === undefined ? { known: false, reason } : known(at);
}
