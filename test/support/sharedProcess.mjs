// Runs one tv after another, each as `bin/tv.js` does in a process of its own: with its arguments, its
// environment, output and exit code. What was loaded once is loaded for all of them.
import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';

const [, , launcher] = process.argv;
const require = createRequire(launcher);
const end = process.exit.bind(process);
const events = ['exit', 'SIGINT', 'SIGTERM', 'SIGHUP'];

/** What `process.exit` throws, since nothing may run behind it. */
const over = new Error('tv has ended');

/** Where Node's fetch keeps its connections. */
const dispatcher = Symbol.for('undici.globalDispatcher.1');

process.on('disconnect', () => end(0));
process.on('uncaughtException', (error) => {
  if (error === over) return;
  writeSync(2, `${error.stack}\n`);
  end(1);
});
process.on('message', async ({ args, env }) => {
  const before = new Map(events.map((event) => [event, process.listeners(event)]));
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    const stream = new Writable({
      decodeStrings: false,
      write: (chunk, _encoding, done) => {
        output[name] += chunk;
        done();
      },
    });
    Object.defineProperty(process, name, { value: stream, configurable: true });
  }
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  process.argv = [process.execPath, launcher, ...args];
  const exitCode = await new Promise((resolve) => {
    process.exit = (code) => {
      resolve(code);
      throw over;
    };
    const package_ = dirname(dirname(launcher));
    for (const file of Object.keys(require.cache)) if (file.startsWith(package_)) delete require.cache[file];
    require(launcher);
  });
  await setImmediate();
  const added = events.map((event) =>
    process.listeners(event).filter((listener) => !before.get(event).includes(listener)),
  );
  for (const listener of added[0]) listener(exitCode);
  events.forEach((event, index) => {
    for (const listener of added[index]) process.off(event, listener);
  });
  // Connections end with the process otherwise.
  const { [dispatcher]: agent } = globalThis;
  if (agent !== undefined) {
    globalThis[dispatcher] = new agent.constructor();
    await agent.destroy();
  }
  // Besides the one for a lost terminal there is a listener only while a child is at work.
  process.send({ exitCode, ...output, spent: added[0].length > 1 });
});
