import type { Referenced, Step, StepContext } from './define.ts';
import type { Leaves } from './events.ts';
import { asJson, type Json } from './json.ts';

/**
 * A step by reference: its id is written once, and later steps and the verification read its result through
 * it. `R` is what its `run` returns; in the journal it is JSON.
 */
export interface StepKey<R> {
  readonly id: string;
  define(step: Omit<Step, 'id' | 'run'> & { run(ctx: StepContext): Promise<R> }): Step;
  /** What it returned, also in an earlier attempt. Undefined where it is not done, or a probe found it done. */
  result(ctx: Pick<StepContext, 'results'>): R | undefined;
  isDone(ctx: Pick<StepContext, 'results'>): boolean;
}

export function step<R = void>(id: string): StepKey<R> {
  return {
    id,
    define: ({ run, ...rest }) => ({ ...rest, id, run: async (ctx) => asJson(await run(ctx)) }),
    // The journal returns what `define` has put into it.
    result: ({ results }) => named<R>(results, id),
    isDone: ({ results }) => id in results,
  };
}

/** What each of the steps before has returned, whichever these are: for what is asked of a run as a whole. */
export function everyResult({ results = {} }: Partial<Pick<StepContext, 'results'>>): readonly Json[] {
  return Object.values(results) as Json[];
}

function named<T>(values: Referenced, name: string): T | undefined {
  return (Reflect.get(values, name) ?? undefined) as T | undefined;
}

type Notes = Pick<StepContext, 'notes' | 'note'>;

/** Something that a step journals before it acts, by reference. */
export interface NoteKey<T> {
  /** The latest value of this step, also of an earlier attempt. */
  read(ctx: Pick<StepContext, 'notes'>): T | undefined;
  write(ctx: Notes, value: T): void;
  /** The value that the first attempt has noted; `make` is called, and its value noted, where there is none. */
  once(ctx: Notes, make: () => T | Promise<T>): Promise<T>;
}

export function note<T>(name: string): NoteKey<T> {
  const read = ({ notes }: Pick<StepContext, 'notes'>) => named<T>(notes, name);
  const write = (ctx: Notes, value: T) => ctx.note(name, asJson(value));
  return {
    read,
    write,
    once: async (ctx, make) => {
      const known = read(ctx);
      if (known !== undefined) return known;
      const value = await make();
      write(ctx, value);
      return value;
    },
  };
}

export interface Scope extends Pick<Leaves, 'subject' | 'plural' | 'state'> {
  readonly open: Step;
  readonly body: readonly Step[];
  readonly close: Step;
  /** `open` is undone at a signal in between, and by an undo also after an irreversible step of the body. */
  readonly mustEnd?: boolean;
}

/**
 * Steps within which the world is in a state that must not last: a stopped service, a protocol that is not
 * paused. Wherever the run stops in between, that state is on the screen, and in `tv status`.
 */
export function during({ open, body, close, mustEnd = false, ...residual }: Scope): readonly Step[] {
  return [
    { ...open, leaves: { ...residual, until: close.id }, ...(mustEnd ? { undoAlways: true } : {}) },
    ...body,
    close,
  ];
}

/**
 * Steps that run at the same time; none waits for another, and all see the results of the steps before the group.
 * Each is journaled, resumed and undone as a step of its own. The next step begins when the last one of them has
 * ended, failed or not. After a signal the interruptible ones end at once, and the others finish.
 */
export function parallel(steps: readonly Step[]): readonly Step[] {
  const [first] = steps;
  if (first === undefined || steps.length === 1) return steps;
  return steps.map((step) => ({ ...step, group: first.id }));
}
