import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Settings } from '../../src/config/settings.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { Interrupt } from '../../src/engine/interrupt.ts';
import { AuditLog, ChecklistLog } from '../../src/journal/audit.ts';
import { RunStore } from '../../src/journal/journal.ts';
import { thisOperator } from '../../src/journal/operator.ts';
import type { Write } from '../../src/output/durableFile.ts';
import { RedactingWriter } from '../../src/output/redactingWriter.ts';
import { Secrets } from '../../src/output/secrets.ts';
import type { Prompt } from '../../src/runbook/answers.ts';
import type { Clock } from '../../src/runbook/context.ts';
import type { Output, ToolContext } from '../../src/runbook/define.ts';
import type { RunEvent } from '../../src/runbook/events.ts';
import { plainPaint } from './paint.ts';

// Every writer listens for errors of stdout and stderr; a test file makes many, a tv makes one.
for (const stream of [process.stdout, process.stderr]) stream.setMaxListeners(0);

/** An answer to one question; what is asked has to match. */
export interface Reply {
  readonly kind: 'typed' | 'yesNo';
  readonly question: RegExp;
  readonly answer: boolean;
}

/** Output of a pipe, with what was printed to it. */
export function fakeOutput(more: Partial<Output> = {}): Output & { readonly printed: string[] } {
  const printed: string[] = [];
  return {
    json: false,
    print: (text) => {
      printed.push(text);
    },
    redact: (text) => text,
    keep: () => {},
    paint: () => plainPaint(80),
    ask: async () => undefined,
    screen: undefined,
    ...more,
    printed,
  };
}

/** A person who answers exactly the questions foreseen, in that order. */
export class FakePrompt implements Prompt {
  readonly interactive: boolean;
  readonly asked: string[] = [];
  readonly #replies: Reply[];
  readonly #complain: (what: string) => void;

  constructor(interactive: boolean, replies: readonly Reply[], complain: (what: string) => void) {
    this.interactive = interactive;
    this.#replies = [...replies];
    this.#complain = complain;
  }

  async typed(question: string): Promise<boolean> {
    return this.#reply('typed', question);
  }

  async yesNo(question: string): Promise<boolean> {
    return this.#reply('yesNo', question);
  }

  close(): void {
    for (const { question } of this.#replies) this.#complain(`nobody asked ${question}`);
  }

  #reply(kind: Reply['kind'], question: string): boolean {
    this.asked.push(question);
    const reply = this.#replies.shift();
    if (reply?.kind === kind && reply.question.test(question)) return reply.answer;
    this.#complain(`unexpected question (${kind}): ${question}`);
    return false;
  }
}

/** Does not advance until it is moved; whoever sleeps moves it. */
export class DrivenClock implements Clock {
  #at: number;
  #passed = 0;

  constructor(at: number) {
    this.#at = at;
  }

  now(): Date {
    return new Date(this.#at);
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.advance(ms);
  }

  monotonic(): number {
    return this.#passed;
  }

  advance(ms: number): void {
    this.#at += ms;
    this.#passed += ms;
  }

  /** Sets the clock of the machine, backwards where negative. */
  set(ms: number): void {
    this.#at += ms;
  }
}

export interface SceneOptions {
  readonly environment?: string;
  readonly version?: string;
  readonly replies?: readonly Reply[];
  /** Default: exactly where replies are given. */
  readonly interactive?: boolean;
  readonly secrets?: readonly string[];
  /** Of an earlier scene: the next tv on the same machine. */
  readonly stateDirectory?: string;
  readonly signal?: AbortSignal;
  /** What the nodes answer of signed transactions. Default: to look one up is a trap. */
  readonly lookUpTransactions?: Engine['lookUpTransactions'];
  /** What the node simulates of a plan. Default: to ask is a trap. */
  readonly previewEffects?: Engine['previewEffects'];
  /** What receipts show. Default: to ask is a trap. */
  readonly compareEffects?: Engine['compareEffects'];
  /** Default: no signature is asked for. */
  readonly approvals?: Partial<Settings['approvals']>;
  /** Who has signed a plan file. Default: to ask is a trap. */
  readonly verifySignatures?: Engine['verifySignatures'];
  /** In place of write(2), for everything that tv writes through its writer. */
  readonly write?: Write;
}

/** An engine around a real state directory, in which every room and every question is a trap. */
export interface Scene {
  readonly engine: Engine;
  readonly clock: DrivenClock;
  readonly prompt: FakePrompt;
  readonly interrupt: Interrupt;
  readonly events: readonly RunEvent[];
  readonly stateDirectory: string;
  /** Sees each event right after the watcher. */
  onEvent: (event: RunEvent) => void;
  /** @throws where anything unforeseen happened, or something foreseen did not */
  close(): void;
}

/** A state directory of its own, removed by the returned function. */
export function temporaryState(): { readonly directory: string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'tv-engine-'));
  chmodSync(directory, 0o755);
  return {
    directory: join(directory, 'state'),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** Where a protective run keeps its journal when `stateDirectory` cannot be written. */
export function secondPlace(stateDirectory: string): string {
  return `${stateDirectory}-second`;
}

let scenes = 0;

export function startScene(stateDirectory: string, options: SceneOptions = {}): Scene {
  const violations: string[] = [];
  const complain = (what: string) => {
    violations.push(what);
  };
  const trap = (name: string) => (): never => {
    complain(`unexpected call: ${name}()`);
    throw new Error(`unexpected call: ${name}()`);
  };
  const secrets = new Secrets();
  for (const secret of options.secrets ?? []) secrets.add(secret);
  const writer = new RedactingWriter(secrets, options.write);
  // Every scene begins an hour after the one before, so that runs sort by their ids.
  const clock = new DrivenClock(Date.parse('2026-11-23T03:12:00.000Z') + scenes++ * 3_600_000);
  const interrupt = new Interrupt();
  const prompt = new FakePrompt(
    options.interactive ?? options.replies !== undefined,
    options.replies ?? [],
    complain,
  );
  const events: RunEvent[] = [];
  const ctx: ToolContext = {
    settings: fakeSettings(options.environment ?? 'production', stateDirectory, complain, options.approvals),
    settingsOrigins: { values: [], named: false, environments: [], files: [], problems: [] },
    version: options.version ?? '1.0.0',
    registry: [],
    runs: new RunStore(stateDirectory, [secondPlace(stateDirectory)]),
    audit: new AuditLog(stateDirectory, writer, clock),
    checklist: new ChecklistLog(stateDirectory, writer, clock),
    clock,
    signal: options.signal ?? interrupt.stop,
    secrets: {
      interactive: false,
      ask: trap('secrets.ask'),
      keep: (value) => secrets.add(value),
      output: trap('secrets.output'),
    },
    chain: trap('chain'),
    database: trap('database'),
    host: trap('host'),
    api: trap('api'),
  };
  const scene: Scene = {
    engine: {
      ctx,
      writer,
      prompt,
      interrupt,
      operator: thisOperator(),
      watch: (event) => {
        events.push(event);
        scene.onEvent(event);
      },
      remoteLock: async () => ({ held: true, release: () => {} }),
      lookUpTransactions: options.lookUpTransactions ?? trap('lookUpTransactions'),
      previewEffects: options.previewEffects ?? trap('previewEffects'),
      compareEffects: options.compareEffects ?? trap('compareEffects'),
      verifySignatures: options.verifySignatures ?? trap('verifySignatures'),
    },
    clock,
    prompt,
    interrupt,
    events,
    stateDirectory,
    onEvent: () => {},
    close: () => {
      prompt.close();
      interrupt.close();
      if (violations.length > 0) throw new Error(violations.join('\n'));
    },
  };
  return scene;
}

/** An operator whose process is certainly dead. */
export function deadOperator(): { user: string; host: string; pid: number; mark: string | null } {
  return { user: 'night-shift', host: hostname(), pid: 2 ** 22 + 1, mark: '1' };
}

/** The lines of a JSON-lines file. */
export function readLines(file: string): readonly Record<string, unknown>[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The defaults of the settings. */
export const noApprovals: Settings['approvals'] = {
  ...{ moderate: 0, severe: 0, allowedSigners: '/etc/tempovault/allowed_signers', revokedKeys: undefined },
  ...{ expiryMs: 4 * 3_600_000, operator: undefined, key: undefined },
};

/** What the engine itself may read; any other setting is a trap too. */
function fakeSettings(
  environment: string,
  stateDirectory: string,
  complain: (what: string) => void,
  approvals: Partial<Settings['approvals']> = {},
): Settings {
  const known = {
    environment,
    sandbox: false,
    chain: { id: 4217, rpcUrls: [], timeoutMs: 1 },
    approvals: { ...noApprovals, ...approvals },
    stateDirectory,
  } satisfies Partial<Settings>;
  return new Proxy(known as Partial<Settings> as Settings, {
    get: (target, key) => {
      if (!(key in known)) complain(`unexpected setting: ${String(key)}`);
      return Reflect.get(target, key);
    },
  });
}
