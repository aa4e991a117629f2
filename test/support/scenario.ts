import { existsSync } from 'node:fs';
import { continueRun, type Direction } from '../../src/engine/continueRun.ts';
import type { RegisteredRunbook } from '../../src/engine/engine.ts';
import { startRun } from '../../src/engine/startRun.ts';
import { plainAdvice } from '../../src/errors/advice.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { foldRun, type RunState } from '../../src/journal/runState.ts';
import type { Answers } from '../../src/runbook/answers.ts';
import { type AuditEntry, withoutEnded } from '../../src/runbook/audit.ts';
import type { RunEvent } from '../../src/runbook/events.ts';
import type { FakeWorld } from './fakeRunbook.ts';
import { type Scene, type SceneOptions, startScene } from './fakes.ts';

export const noAnswers: Answers = {
  yes: false,
  confirm: undefined,
  overrides: [],
  reason: undefined,
  dryRun: false,
  plan: undefined,
};

export interface Outcome {
  /** As tv would exit: an error's own code, or the run's. */
  readonly exitCode: number;
  readonly error: TvError | undefined;
  readonly events: readonly RunEvent[];
  readonly asked: readonly string[];
  readonly plan: string | undefined;
  /** The newest run of the state directory. */
  readonly run: string | undefined;
  readonly state: RunState | undefined;
  readonly audit: readonly AuditEntry[];
}

export interface Scenario extends SceneOptions {
  readonly stateDirectory: string;
  readonly answers?: Partial<Answers>;
  /** Set: continues this run instead of starting one. */
  readonly continued?: { readonly run: string; readonly direction: Direction };
  readonly prepare?: (scene: Scene) => void;
  /** Sends SIGINT while this step runs: it is finished, and the next one is not begun. */
  readonly cutOff?: { readonly world: FakeWorld; readonly during: string };
  /** `nothing`: leaves the journals unread, for those that are damaged or being written. */
  readonly stateOf?: 'newest' | 'nothing';
}

/** One call of tv, from preflight to exit code, with everything unforeseen an error. */
export async function play(registered: RegisteredRunbook, scenario: Scenario): Promise<Outcome> {
  const scene = startScene(scenario.stateDirectory, scenario);
  scenario.prepare?.(scene);
  const { cutOff } = scenario;
  if (cutOff !== undefined) {
    cutOff.world.onRun = (step) => {
      if (step === cutOff.during) scene.interrupt.signal('SIGINT');
    };
  }
  const answers = { ...noAnswers, ...scenario.answers };
  let exitCode: number;
  let error: TvError | undefined;
  try {
    exitCode =
      scenario.continued === undefined
        ? await startRun(scene.engine, registered, { level: 1 }, answers)
        : await continueRun(
            scene.engine,
            registered,
            scenario.continued.run,
            scenario.continued.direction,
            answers,
          );
  } catch (thrown) {
    if (!(thrown instanceof TvError)) throw thrown;
    error = thrown;
    exitCode = thrown.exitCode;
  }
  scene.close();
  if (cutOff !== undefined) cutOff.world.onRun = () => {};
  const { runs, audit } = scene.engine.ctx;
  const run = runs.ids().at(-1);
  const ready = scene.events.find((event) => event.type === 'plan.ready');
  return {
    exitCode,
    error,
    events: scene.events,
    asked: scene.prompt.asked,
    plan: ready?.plan.id,
    run,
    state: run === undefined || scenario.stateOf === 'nothing' ? undefined : foldRun(runs.read(run)),
    audit: existsSync(audit.file) ? withoutEnded(audit.entries()) : [],
  };
}

/** What a call that ended with an error advises, one line each. */
export function linesOf({ error }: Pick<Outcome, 'error'>): readonly string[] {
  return (error?.next ?? []).map(plainAdvice);
}
