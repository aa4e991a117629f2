// Runs one tv after another, each as `bin/tv.js` does in a process of its own: with its arguments, its
// environment, output and exit code. What was loaded once is loaded for all of them.
import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';

const [, , launcher] = process.argv;
const require = createRequire(launcher);
const end = process.exit.bind(process);
const events = ['exit', 'SIGINT', 'SIGTERM', 'SIGHUP'];

/** What `process.exit` throws, since nothing may run behind it. */
const over = new Error('tv has ended');

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
    // These two run at each start; what they load stays loaded.
    const main = join(dirname(dirname(launcher)), 'dist', 'main.cjs');
    for (const file of [launcher, main]) delete require.cache[file];
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
  // Besides the one for a lost terminal there is a listener only while a child is running.
  process.send({ exitCode, ...output, spent: added[0].length > 1 });
});
