import { exitCodes } from '../errors/TvError.ts';
import { Journal, type JournalMoved } from '../journal/journal.ts';
import { WriteError } from '../output/durableFile.ts';
import { type Engine, Refusal } from './engine.ts';
import { type Ending, type Execution, JournalLost } from './execute.ts';

/** A run's journal. That of a protective run continues elsewhere where the state directory cannot be written. */
export function openJournal(engine: Engine, run: string, protective: boolean): Journal {
  const onMoved = (moved: JournalMoved) => engine.watch({ type: 'journal.moved', ...moved });
  return new Journal(engine.ctx, run, engine.writer, protective ? onMoved : undefined);
}

/**
 * Reserves room for the journal, then does the work.
 * @throws Refusal, with nothing changed, where there is no room
 */
export async function withJournal(execution: Execution, work: () => Promise<Ending>): Promise<Ending> {
  const { journal } = execution;
  const before = journal.lines.length;
  try {
    journal.reserve();
    return await work();
  } catch (error) {
    const why = error instanceof JournalLost ? error.cause : error;
    if (!(why instanceof WriteError) || journal.lines.length > before) throw error;
    throw new Refusal(
      'journal.no-room',
      'There is no room for the journal of this run; nothing was changed.',
      {
        exitCode: exitCodes.blocked,
        facts: { ...why.facts, reason: why.message },
        next: why.next,
      },
    );
  } finally {
    journal.close();
  }
}
