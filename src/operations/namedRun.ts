import { exitCodes, TvError } from '../errors/TvError.ts';
import { surveyRuns, urgentFirst } from '../journal/readRuns.ts';
import type { RunState } from '../journal/runState.ts';
import type { Context } from '../runbook/context.ts';

/** Of runs that could be meant, so many are named. */
const mostNamed = 5;

export interface NamedRunParameters {
  /** Id or part of it, as given. */
  readonly run: string | undefined;
  readonly command: string;
  /** Words of the command after the id. */
  readonly rest?: readonly string[];
  /** Whether the command is for this run. */
  qualifies(state: RunState): boolean;
  /** Also for a run whose journal cannot be read. */
  readonly damaged?: true;
}

/**
 * The id of the run that a command is about.
 * @throws TvError where none is named, with the whole command for each run that qualifies: those that are
 * unfinished first, then the newest; where no run fits the name, or several do
 */
export function namedRun(
  { runs, settings }: Pick<Context, 'runs' | 'settings'>,
  { run, command, rest = [], qualifies, damaged }: NamedRunParameters,
): string {
  if (run !== undefined) return runs.find(run);
  const survey = surveyRuns({ runs, settings });
  const fit = survey.states.filter(qualifies);
  const urgent = urgentFirst(fit);
  const others = fit.filter((state) => !urgent.includes(state)).toReversed();
  const ids = [
    ...[...urgent, ...others].map(({ started }) => started.run),
    ...(damaged ? survey.damaged.map((one) => one.run) : []),
  ];
  const words = (id: string) => [...command.split(' '), id, ...rest];
  const none = ids.length === 0;
  throw new TvError(
    none ? 'run.none-fits' : 'run.ambiguous',
    none ? `No run fits tv ${command}.` : 'Which run is meant?',
    {
      facts: {
        environment: settings.environment,
        'runs that qualify': none ? 'none' : ids.length,
        shown: ids.length > mostNamed ? mostNamed : undefined,
      },
      next: none ? { tv: ['runs', 'list'] } : ids.slice(0, mostNamed).map((id) => ({ tv: words(id) })),
      exitCode: exitCodes.usage,
    },
  );
}
