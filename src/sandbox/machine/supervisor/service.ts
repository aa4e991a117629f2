import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import type { UnitFile } from './unitFile.ts';

export type ActiveState = 'active' | 'inactive' | 'failed' | 'activating' | 'deactivating';

export interface ServiceHooks {
  /** The unit as it is on disk now, so that an edited file counts from the next start on. */
  read(): UnitFile | undefined;
  log(identifier: string, pid: number, message: string): void;
  changed(): void;
}

/** One unit under the supervisor. */
export class Service {
  readonly name: string;
  state: ActiveState = 'inactive';
  result = 'success';
  restarts = 0;
  exitStatus = 0;
  /** Milliseconds since 1970 of the last change of `state`. */
  changedAt = 0;
  startedAt = 0;
  readonly #hooks: ServiceHooks;
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ended: Promise<void> = Promise.resolve();
  #stopping = false;

  constructor(name: string, hooks: ServiceHooks) {
    this.name = name;
    this.#hooks = hooks;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** @throws Error where the preparation or the program cannot be run */
  start(): void {
    if (this.state === 'active') return;
    clearTimeout(this.#timer);
    const unit = this.#hooks.read();
    if (unit === undefined) throw new Error(`Unit ${this.name} not found.`);
    const options = {
      cwd: unit.workingDirectory,
      env: { PATH: process.env['PATH'], ...unit.environment },
      ...credentials(unit.user),
    };
    if (unit.before !== undefined) {
      const [file = '', ...words] = unit.before;
      const done = spawnSync(file, words, { ...options, encoding: 'utf8' });
      for (const line of `${done.stdout ?? ''}${done.stderr ?? ''}`.split('\n').filter(Boolean)) {
        this.#hooks.log(basename(file), done.pid, line);
      }
      if (done.status !== 0) {
        this.#enter('failed', 'exit-code');
        return;
      }
    }
    const [file = '', ...words] = unit.command;
    // A process group of its own: a signal then reaches also what the program starts.
    const child = spawn(file, words, { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.#stopping = false;
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.#hooks.log(basename(file), child.pid ?? 0, line);
      });
    }
    this.#ended = new Promise((resolve) => {
      const end = (code: number | null, signal: string | null) => {
        this.#finish(unit, code, signal);
        resolve();
      };
      child.once('exit', end);
      child.once('error', (error) => {
        this.#hooks.log('supervisor', process.pid, `${this.name}: ${error.message}`);
        end(203, null);
      });
    });
    this.startedAt = Date.now();
    this.#hooks.log('supervisor', process.pid, `Started ${unit.description}.`);
    this.#enter('active', 'success');
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    const unit = this.#hooks.read();
    if (this.#child === undefined) {
      this.#enter('inactive', 'success');
      return;
    }
    this.#stopping = true;
    this.#enter('deactivating', 'success');
    this.signal(unit?.stopSignal ?? 'SIGTERM');
    const hard = setTimeout(() => this.signal('SIGKILL'), unit?.stopMs ?? 5_000);
    await this.#ended;
    clearTimeout(hard);
    this.#hooks.log('supervisor', process.pid, `Stopped ${unit?.description ?? this.name}.`);
  }

  signal(signal: NodeJS.Signals): void {
    if (this.pid === 0) return;
    try {
      // postgres takes a SIGTERM to its whole group for a fault of its children.
      if (signal === 'SIGKILL' || signal === 'SIGSTOP' || signal === 'SIGCONT')
        process.kill(-this.pid, signal);
      else process.kill(this.pid, signal);
    } catch {
      // Ended in the meantime.
    }
  }

  #finish(unit: UnitFile, code: number | null, signal: string | null): void {
    this.#child = undefined;
    this.exitStatus = code ?? 0;
    const clean = code === 0 || this.#stopping || signal === 'SIGTERM';
    const result = clean ? 'success' : signal === null ? 'exit-code' : 'signal';
    if (!clean) {
      this.#hooks.log(
        'supervisor',
        process.pid,
        `${this.name}: Main process exited, ${signal === null ? `code=exited, status=${code}` : `code=killed, status=${signal}`}`,
      );
    }
    this.#enter(clean ? 'inactive' : 'failed', result);
    if (this.#stopping || unit.restart === 'no' || (unit.restart === 'on-failure' && clean)) return;
    // The file may have been changed (Restart=no) while the program ran.
    if (this.#hooks.read()?.restart === 'no') return;
    this.#enter('activating', result);
    this.#timer = setTimeout(() => {
      this.restarts++;
      this.start();
    }, unit.restartMs);
  }

  #enter(state: ActiveState, result: string): void {
    this.state = state;
    this.result = result;
    this.changedAt = Date.now();
    this.#hooks.changed();
  }
}

/** Only root can become someone else; for everyone else `User=` has no meaning. */
function credentials(user: string | undefined): { uid: number; gid: number } | undefined {
  if (user === undefined || process.getuid?.() !== 0) return undefined;
  const id = (flag: string) =>
    Number(execFileSync('id', [flag, user], { encoding: 'utf8', env: { PATH: process.env['PATH'] } }));
  return { uid: id('-u'), gid: id('-g') };
}
