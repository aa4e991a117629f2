import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { RegisteredRunbook } from '../../src/engine/engine.ts';
import { type ExitCode, exitCodes, TvError, UnavailableError } from '../../src/errors/TvError.ts';
import type { Check } from '../../src/runbook/check.ts';
import type { CommandName } from '../../src/runbook/commandName.generated.ts';
import type { Concurrency } from '../../src/runbook/concurrency.ts';
import { defineRunbook, field, type ProbeAnswer, type Step } from '../../src/runbook/define.ts';
import type { PreviewUse } from '../../src/runbook/effects.ts';
import type { Effect, Leaves } from '../../src/runbook/events.ts';
import type { Json } from '../../src/runbook/json.ts';
import { block, pass, warn } from '../../src/runbook/preflight.ts';
import { parallel } from '../../src/runbook/step.ts';

/**
 * What goes wrong in a step: before its effect, after it, in its undo; or it is unknown whether it took effect.
 * `undo lost`: its undo ends without an error and changes nothing. `undo unknown`: nothing can be read after it.
 */
export type Fault = 'before' | 'after' | 'undo' | 'undecided' | 'undo lost' | 'undo unknown' | 'undo leaves';

export interface FakeStep {
  readonly id: string;
  readonly effect?: Effect;
  readonly interruptible?: boolean;
  readonly undoAlways?: boolean;
  /** Default: a line that sets its value. */
  readonly command?: string;
  readonly once?: readonly string[];
  /** Steps with the same value, one after the other, run at the same time. */
  readonly together?: string;
  /** It then notes that it begins, as such a step has to. */
  readonly leaves?: Leaves;
  readonly sends?: NonNullable<Step['sends']>;
}

/**
 * A world of named values, one file each, and the list of everything done to it. It survives the
 * scene, so that a resumed run finds what the earlier one has left.
 */
export class FakeWorld {
  readonly #directory: string;
  readonly #log: string;
  /** By step id. */
  readonly faults = new Map<string, Fault>();
  /** How often its source cannot be reached yet, by `undo ID` or `probe ID`. */
  readonly away = new Map<string, number>();
  readonly probes = new Map<string, ProbeAnswer>();
  /** What a step notes when it begins: by step id, by note. */
  readonly notes = new Map<string, Readonly<Record<string, Json>>>();
  /** Called when a step begins, with the signal that is to end it. */
  onRun: (step: string, signal: AbortSignal) => void | Promise<void> = () => {};
  checks: readonly Check[] = [{ id: 'values', world: 'host', status: 'pass', summary: 'all there' }];
  verification: () => readonly Check[] = () => [
    { id: 'values', world: 'host', status: 'pass', summary: 'as planned' },
  ];
  /** A fact that the plan rests on. */
  fact = 'first';

  constructor(directory: string) {
    this.#directory = join(directory, 'world');
    this.#log = join(directory, 'effects.log');
    mkdirSync(this.#directory, { recursive: true });
  }

  did(what: string): void {
    appendFileSync(this.#log, `${what}\n`);
  }

  /** Everything done so far, in order. */
  effects(): readonly string[] {
    return existsSync(this.#log) ? readFileSync(this.#log, 'utf8').split('\n').slice(0, -1) : [];
  }

  forget(): void {
    rmSync(this.#log, { force: true });
  }

  /** @throws UnavailableError where the source of this is away */
  reach(what: string): void {
    const left = this.away.get(what) ?? 0;
    if (left <= 0) return;
    this.away.set(what, left - 1);
    throw new UnavailableError('api.unreachable', `${what}: connection refused`);
  }

  has(step: string): boolean {
    return existsSync(join(this.#directory, step));
  }

  set(step: string): void {
    writeFileSync(join(this.#directory, step), 'new');
  }

  unset(step: string): void {
    rmSync(join(this.#directory, step), { force: true });
  }
}

export interface FakeRunbookOptions {
  readonly risk?: 'mild' | 'moderate' | 'severe';
  readonly onFailure?: 'stop' | 'continue';
  readonly steps?: readonly FakeStep[];
  readonly goesPast?: 'harmless' | 'unfinished' | 'all';
  readonly supersedes?: readonly string[];
  readonly inNobodysWay?: true;
  readonly protective?: true;
  readonly concurrency?: Partial<Concurrency>;
  readonly preview?: Partial<PreviewUse>;
  /** Default `set values`. */
  readonly name?: string;
}

const passing: Readonly<Record<NonNullable<FakeRunbookOptions['goesPast']>, Partial<Concurrency>>> = {
  harmless: { blockedBy: 'itself or residual' },
  unfinished: { blockedBy: 'none' },
  all: { waitsFor: 'itself', blockedBy: 'none' },
};

const input = { level: field('--level <n>', 'how far', z.number().default(1)) };

/** A runbook that sets values in a `FakeWorld`, and does nothing else. */
export function fakeRunbook(world: FakeWorld, options: FakeRunbookOptions = {}): RegisteredRunbook {
  const steps = options.steps ?? [{ id: 'a' }, { id: 'b' }, { id: 'c' }];
  const runbook = defineRunbook<typeof input, { fact: string }>({
    title: 'Set values',
    summary: 'Set values',
    description: 'For tests.',
    risk: options.risk ?? 'mild',
    onFailure: options.onFailure ?? 'stop',
    concurrency: () => ({
      ...(options.goesPast === undefined ? {} : passing[options.goesPast]),
      ...(options.inNobodysWay && { holdsUpOthers: false }),
      ...(options.protective && { protective: true }),
      ...options.concurrency,
    }),
    ...(options.preview === undefined ? {} : { preview: options.preview }),
    ...(options.supersedes === undefined
      ? {}
      : { supersedes: () => (options.supersedes ?? []) as readonly CommandName[] }),
    input,
    example: { facts: { fact: 'example' }, input: { level: 1 } },
    preflight: async () => {
      world.did('preflight');
      return { checks: world.checks, facts: { fact: world.fact } };
    },
    basis: ({ fact }) => ({ fact }),
    consequence: () => `This sets ${steps.length} values.`,
    plan: () => {
      world.did('plan');
      return steps.flatMap((step, index) => {
        if (step.together === undefined) return [fakeStep(world, step)];
        if (steps[index - 1]?.together === step.together) return [];
        const group = steps.filter(({ together }) => together === step.together);
        return parallel(group.map((member) => fakeStep(world, member)));
      });
    },
    verify: async () => {
      world.did('verify');
      return world.verification();
    },
  });
  return { name: options.name ?? 'set values', section: '99', runbook };
}

function fakeStep(world: FakeWorld, fake: FakeStep): Step {
  const { id, effect = 'reversible', interruptible = false, undoAlways = false, leaves } = fake;
  return {
    id,
    title: `set ${id}`,
    command: fake.command ?? `echo new > ${id}`,
    ...(fake.once === undefined ? {} : { once: fake.once }),
    ...(fake.sends === undefined ? {} : { sends: fake.sends }),
    effect,
    undoTitle: `unset ${id}`,
    interruptible,
    undoAlways,
    ...(leaves === undefined ? {} : { leaves }),
    probe: async () => {
      world.did(`probe ${id}`);
      world.reach(`probe ${id}`);
      return world.probes.get(id) ?? (world.has(id) ? 'done' : 'not-done');
    },
    run: async ({ signal, results, note }) => {
      world.did(`run ${id}`);
      if (leaves !== undefined) note('begins', id);
      for (const [name, value] of Object.entries(world.notes.get(id) ?? {})) note(name, value);
      await world.onRun(id, signal);
      if (world.faults.get(id) === 'before') throw failure(id);
      world.set(id);
      if (world.faults.get(id) === 'after') throw failure(id);
      if (world.faults.get(id) === 'undecided') throw failure(id, exitCodes.unverified);
      return { set: id, after: Object.keys(results) };
    },
    // What is final has no way back.
    ...(effect === 'final'
      ? {}
      : {
          undo: async () => {
            world.did(`undo ${id}`);
            world.reach(`undo ${id}`);
            if (world.faults.get(id) === 'undo') throw failure(id);
            if (world.faults.get(id) !== 'undo lost') world.unset(id);
          },
          checkUndone: async () => {
            if (world.faults.get(id) === 'undo unknown') throw failure(id);
            if (world.faults.get(id) === 'undo leaves')
              return warn(`the key of ${id} is kept`, { facts: { file: `/state/${id}.key` } });
            return world.has(id) ? block(`${id} is still set`) : pass(`${id} is not set`);
          },
        }),
  };
}

function failure(id: string, exitCode: ExitCode = exitCodes.failed): TvError {
  return new TvError('file.not-replaced', `Value ${id} cannot be set.`, {
    facts: { value: id },
    next: `look at ${id}`,
    exitCode,
  });
}
