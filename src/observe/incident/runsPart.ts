import { answer } from '../../errors/answer.ts';
import { readNotes } from '../../journal/notes.ts';
import { surveyRuns } from '../../journal/readRuns.ts';
import type { RunState } from '../../journal/runState.ts';
import type { Context } from '../../runbook/context.ts';
import type { JournalLine } from '../../runbook/events.ts';
import type { Json } from '../../runbook/json.ts';
import { duration, howMany } from '../../text/format.ts';
import { outsideText } from '../../text/outsideText.ts';
import { type IncidentEntry, type IncidentPart, type TimeSpan, unreadPart } from './incident.ts';

type Place = Pick<Context, 'runs' | 'audit' | 'settings'>;

/** Of one run; the rest is in its report. */
const mostLines = 200;

/** Runs of this environment whose journals are on this machine: who, why, which command, and what came of it. */
export async function readRunsPart(ctx: Place, span: TimeSpan): Promise<IncidentPart> {
  const { states, damaged } = surveyRuns(ctx);
  const touched = states.filter((state) => touches(state, span));
  const entries = touched.flatMap((state) => runEntries(state, span));
  const where = `in ${ctx.runs.directory}`;
  if (damaged.length === 0) {
    const summary = `${howMany(touched.length, 'run')} of this machine, ${where}`;
    return { report: { source: 'runs', state: 'read', summary }, entries, missing: [], remarks: [] };
  }
  const names = damaged.slice(0, 5).map(({ run, error }) => `${outsideText(run)}: ${error.message}`);
  const reason = `${howMany(damaged.length, 'journal')} cannot be read: ${names.join(' ')}`.replace(
    /\.$/,
    '',
  );
  return {
    report: { source: 'runs', state: states.length === 0 ? 'unread' : 'partly', summary: reason },
    entries,
    missing: [{ source: 'runs', from: span.since, to: span.until, reason }],
    remarks: [],
  };
}

/** Calls that were refused before they became a run: only the audit log has them. */
export async function readCallsPart(ctx: Place, span: TimeSpan): Promise<IncidentPart> {
  const read = await answer((async () => ({ entries: ctx.audit.entries(), verdict: ctx.audit.verify() }))());
  if (!read.known) return unreadPart('calls', span, read.reason);
  const { entries, verdict } = read.value;
  const { environment } = ctx.settings;
  const calls = entries.filter(
    (entry) => entry.environment === environment && entry.run === null && isWithin(entry.at, span),
  );
  const reason = `the audit log is not intact: ${clean(verdict.problems.join('; '))}`;
  const summary = `${howMany(calls.length, 'call')} of this machine that became no run, in ${ctx.audit.file}`;
  return {
    report: {
      source: 'calls',
      state: verdict.intact ? 'read' : 'partly',
      summary: verdict.intact ? summary : `${summary}; ${reason}`,
    },
    entries: calls.map(({ at, command, operator, outcome, reason: why, exitCode }) => ({
      at: new Date(at),
      of: 'calls',
      level: 'warn',
      // A line that was changed by hand may have no operator.
      what: clean(
        `tv ${command} ${outcome} (exit ${exitCode}), asked by ${operator?.user ?? '?'}@${operator?.host ?? '?'}`,
      ),
      details: typeof why === 'string' ? [clean(why)] : [],
    })),
    missing: verdict.intact ? [] : [{ source: 'calls', from: span.since, to: span.until, reason }],
    remarks: [],
  };
}

/** What people have noted with `tv incident note`. */
export async function readNotesPart({ settings }: Place, span: TimeSpan): Promise<IncidentPart> {
  const { stateDirectory, environment } = settings;
  const read = await answer((async () => readNotes(stateDirectory))());
  if (!read.known) return unreadPart('notes', span, read.reason);
  const { notes, unreadable, file } = read.value;
  const own = notes.filter((note) => note.environment === environment && isWithin(note.at, span));
  const torn = unreadable === 0 ? '' : `; ${howMany(unreadable, 'line')} could not be read`;
  const reason = `${howMany(unreadable, 'line')} of ${file} could not be read`;
  return {
    report: {
      source: 'notes',
      state: unreadable === 0 ? 'read' : 'partly',
      summary: `${howMany(own.length, 'note')} of this machine${torn}`,
    },
    entries: own.map(({ at, by, text }) => ({
      at: new Date(at),
      of: 'notes',
      level: 'info',
      what: `${by}: ${text}`,
      details: [],
    })),
    missing: unreadable === 0 ? [] : [{ source: 'notes', from: span.since, to: span.until, reason }],
    remarks: [],
  };
}

function isWithin(at: string, { since, until }: TimeSpan): boolean {
  const time = Date.parse(at);
  return time >= since.getTime() && time <= until.getTime();
}

/** A line of it is of this time, or it began before and ended after. */
function touches(state: RunState, span: TimeSpan): boolean {
  // The journal of a run that was closed before is not read.
  const isOver = Date.parse(state.lastAt) < span.since.getTime();
  if (!isOver && state.lines.some(({ at }) => isWithin(at, span))) return true;
  const isOpen = state.status === 'running' || state.status === 'killed';
  return isOpen && Date.parse(state.started.at) < span.since.getTime();
}

function runEntries(state: RunState, span: TimeSpan): readonly IncidentEntry[] {
  const { started, status } = state;
  const within = state.lines.filter(({ at }) => isWithin(at, span));
  const name = `tv ${started.runbook}`;
  const titles = new Map(started.plan.steps.map(({ id, title }, index) => [id, `${index + 1} ${title}`]));
  const lines = within.flatMap((line) => lineEntry(line, state, titles) ?? []);
  const shown = lines.slice(0, mostLines);
  const more = lines.length - shown.length;
  const before =
    Date.parse(started.at) < span.since.getTime()
      ? [
          entry(
            span.since,
            'info',
            `${name} had begun before (${duration(span.since.getTime() - Date.parse(started.at))})`,
            [`run ${started.run} of ${who(started)}`],
          ),
        ]
      : [];
  const lastAt = new Date(within.at(-1)?.at ?? span.since);
  const killed =
    status === 'killed'
      ? [entry(lastAt, 'bad', `${name} was killed after this: its process is gone`, [`run ${started.run}`])]
      : [];
  const cut =
    more === 0 ? [] : [entry(lastAt, 'info', `${name}: ${howMany(more, 'further line')} in its report`, [])];
  return [...before, ...shown, ...cut, ...killed];
}

function lineEntry(
  line: JournalLine,
  { started }: RunState,
  titles: ReadonlyMap<string, string>,
): IncidentEntry | undefined {
  const at = new Date(line.at);
  const name = `tv ${started.runbook}`;
  const step = 'step' in line ? (titles.get(line.step) ?? line.step) : '';
  switch (line.type) {
    case 'run.started':
      return entry(at, 'info', `${name} started by ${who(line)}`, [
        `run ${line.run}, ${line.confirmation}`,
        line.plan.consequence,
        ...inputOf(line.input),
        ...line.overrides.map(({ check, reason }) => `overruled ${check}: ${reason}`),
      ]);
    case 'run.resumed':
      return entry(at, 'info', `${name} resumed by ${who(line)}`, [`run ${started.run}`]);
    case 'run.undoing':
      return entry(at, 'warn', `${name}: undo started by ${who(line)}`, [`run ${started.run}`]);
    case 'run.abandoned':
      return entry(at, 'warn', `${name} abandoned by ${who(line)}: ${line.reason}`, [`run ${started.run}`]);
    case 'run.released':
      return entry(at, 'warn', `${name} released by ${who(line)}: ${line.reason}`, [`run ${started.run}`]);
    case 'run.noted':
      return entry(at, 'info', `${name}, note of ${who(line)}: ${line.text}`, [`run ${started.run}`]);
    case 'run.signalled':
      return entry(at, 'warn', `${name} stopped by ${line.signal}`, []);
    case 'step.done':
      return entry(at, 'info', `${name}: ${step}, done`, []);
    case 'step.failed':
      return entry(at, 'bad', `${name}: ${step} failed: ${line.error.message}`, []);
    case 'undo.done':
      return entry(at, 'info', `${name}: ${step}, undone`, []);
    case 'undo.failed':
      return entry(at, 'bad', `${name}: undo of ${step} failed: ${line.error.message}`, []);
    case 'run.ended':
      return entry(at, outcomeLevel(line.outcome), `${name} ended: ${line.outcome} (exit ${line.exitCode})`, [
        `run ${started.run}`,
      ]);
    default:
      return undefined;
  }
}

function outcomeLevel(outcome: string): IncidentEntry['level'] {
  if (outcome === 'verified' || outcome === 'undone') return 'good';
  return outcome === 'rolled-back' || outcome === 'interrupted' ? 'warn' : 'bad';
}

function who({ operator }: { readonly operator: { readonly user: string; readonly host: string } }): string {
  return `${operator.user}@${operator.host}`;
}

/** What was asked for, without what was left out. */
function inputOf(input: Json): readonly string[] {
  if (input === null || typeof input !== 'object' || Array.isArray(input)) return [];
  const given = Object.entries(input).filter(([, value]) => value !== null && value !== false);
  const words = given.map(
    ([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return words.length === 0 ? [] : [`input: ${words.join(', ')}`];
}

function entry(
  at: Date,
  level: IncidentEntry['level'],
  what: string,
  details: readonly string[],
): IncidentEntry {
  return {
    at,
    of: 'runs',
    level,
    what: clean(what),
    details: details.filter((each) => each !== '').map(clean),
  };
}

function clean(text: string): string {
  return outsideText(text);
}
