import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Of one call, in milliseconds. */
const limitMs = 30_000;

export const hasChromium = spawnSync('chromium', ['--version']).status === 0;

export interface Tab extends AsyncDisposable {
  /** As the page is shown in a window of so many CSS pixels, in one of the two colour schemes. */
  open(url: string, look: { readonly width: number; readonly scheme: 'light' | 'dark' }): Promise<void>;
  /** The value of an expression, awaited. */
  evaluate<T>(expression: string): Promise<T>;
  /** PNG of the whole page. */
  screenshot(): Promise<Buffer>;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** Debian's chromium, without a window, by the Chrome DevTools Protocol. */
export async function openTab(): Promise<Tab> {
  const profile = mkdtempSync(join(tmpdir(), 'tv-chromium-'));
  const flags = [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--no-first-run',
  ];
  const browser = spawn('chromium', [...flags, '--remote-debugging-port=0', `--user-data-dir=${profile}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(browser, 'exit');
  let socketUrl: string | undefined;
  for await (const line of createInterface({ input: browser.stderr })) {
    socketUrl = /^DevTools listening on (ws:\S+)/.exec(line)?.[1];
    if (socketUrl !== undefined) break;
  }
  if (socketUrl === undefined) throw new Error('chromium has not started');
  browser.stderr.resume();
  const socket = new WebSocket(socketUrl);
  await once(socket, 'open');
  const waiting = new Map<number, (message: Message) => void>();
  const loads = new Set<() => void>();
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data)) as Message;
    if (message.id !== undefined) waiting.get(message.id)?.(message);
    if (message.method === 'Page.loadEventFired') for (const loaded of loads) loaded();
  });
  let last = 0;
  let sessionId: string | undefined;
  const call = async (method: string, params: object = {}) => {
    const id = ++last;
    const { promise, resolve, reject } = Promise.withResolvers<Message>();
    waiting.set(id, resolve);
    const timer = setTimeout(() => reject(new Error(`${method}: no answer within ${limitMs} ms`)), limitMs);
    socket.send(JSON.stringify({ id, method, params, sessionId }));
    const { result = {}, error } = await promise.finally(() => clearTimeout(timer));
    waiting.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result;
  };
  const { targetId } = await call('Target.createTarget', { url: 'about:blank' });
  const attached = await call('Target.attachToTarget', { targetId, flatten: true });
  sessionId = String(attached['sessionId']);
  await call('Page.enable');
  return {
    open: async (url, { width, scheme }) => {
      await call('Emulation.setDeviceMetricsOverride', {
        ...{ width, height: 900, deviceScaleFactor: 1, mobile: false },
      });
      await call('Emulation.setEmulatedMedia', {
        features: [{ name: 'prefers-color-scheme', value: scheme }],
      });
      const { promise, resolve } = Promise.withResolvers<void>();
      loads.add(resolve);
      await call('Page.navigate', { url });
      await promise;
      loads.delete(resolve);
    },
    evaluate: async <T>(expression: string) => {
      const { result, exceptionDetails } = await call('Runtime.evaluate', {
        ...{ expression, awaitPromise: true, returnByValue: true },
      });
      if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
      return (result as { readonly value: T }).value;
    },
    screenshot: async () => {
      const { data } = await call('Page.captureScreenshot', { captureBeyondViewport: true });
      return Buffer.from(String(data), 'base64');
    },
    [Symbol.asyncDispose]: async () => {
      socket.close();
      browser.kill();
      await exited;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
