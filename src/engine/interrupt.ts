import { setMaxListeners } from 'node:events';
import { Interrupted } from '../errors/Interrupted.ts';

/**
 * SIGINT, SIGTERM and SIGHUP. The first one asks for a clean stop after the step in flight
 * (`stop`); the second one stops that step too (`now`).
 */
export class Interrupt {
  readonly #stop = new AbortController();
  readonly #now = new AbortController();
  readonly #listeners: (() => void)[] = [];

  constructor() {
    // Every pending call listens; a screen or a preflight has dozens at once.
    setMaxListeners(0, this.#stop.signal, this.#now.signal);
  }

  /** Fires at the first signal. */
  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  /** Fires at the second signal. */
  get now(): AbortSignal {
    return this.#now.signal;
  }

  /** Name of the first signal, once there was one. */
  received: NodeJS.Signals | undefined;

  listen(): void {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      const listener = () => this.signal(name);
      process.on(name, listener);
      this.#listeners.push(() => process.off(name, listener));
    }
  }

  signal(name: NodeJS.Signals): void {
    if (this.received === undefined) {
      this.received = name;
      this.#stop.abort(new Interrupted(name));
    } else {
      this.#now.abort(new Interrupted(name));
    }
  }

  close(): void {
    for (const off of this.#listeners) off();
  }
}
