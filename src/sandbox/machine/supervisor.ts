import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { processStart } from './processStart.ts';
import { appendJournal, journalctl } from './supervisor/journal.ts';
import { Service } from './supervisor/service.ts';
import { type Answer, systemctl } from './supervisor/systemctl.ts';
import { readUnitFile, unitNames } from './supervisor/unitFile.ts';

/**
 * Stands in for systemd where that cannot be booted: `supervisor.js DIRECTORY daemon`, and beside
 * it `supervisor.js DIRECTORY systemctl|journalctl …`, which answer as the real programs do.
 */
const [directory = '.', role = '', ...words] = process.argv.slice(2);
const machine = join(directory, 'machine');
const journal = join(machine, 'journal.jsonl');
// Relative: the path of a socket may have no more than about a hundred characters.
const socket = 'supervisor.sock';
process.chdir(machine);

if (role === 'daemon') daemon();
else if (role === 'systemctl') ask();
else if (role === 'journalctl') journalctl(journal, words, (text) => process.stdout.write(text));
else process.exitCode = 2;

function daemon(): void {
  const units = join(directory, 'units');
  const services = new Map<string, Service>();
  const service = (name: string): Service | undefined => {
    if (!services.has(name) && readUnitFile(units, name) !== undefined) {
      services.set(
        name,
        new Service(name, {
          read: () => readUnitFile(units, name),
          log: (identifier, pid, message) => appendJournal(journal, { unit: name, identifier, pid, message }),
          changed: record,
        }),
      );
    }
    return services.get(name);
  };
  /** Whoever cleans up after a killed supervisor finds here what it had started. */
  function record(): void {
    const running = [...services.values()].flatMap(({ name, pid }) => {
      const start = pid === 0 ? undefined : processStart(pid);
      return start === undefined ? [] : [{ name, pid, start }];
    });
    writeFileSync(join(machine, 'services.json'), JSON.stringify(running));
  }
  const world = {
    units,
    service,
    services: () => unitNames(units).flatMap((name) => service(name) ?? []),
  };
  mkdirSync(machine, { recursive: true });
  rmSync(socket, { force: true });
  const self = { pid: process.pid, start: processStart(process.pid) };
  writeFileSync(join(machine, 'supervisor.json'), JSON.stringify([self]));
  const server = createServer({ allowHalfOpen: true }, (connection) => {
    let text = '';
    connection.on('error', () => connection.destroy());
    connection.on('data', (chunk) => {
      text += chunk.toString();
    });
    connection.on('end', () => {
      systemctl(world, JSON.parse(text) as string[])
        .catch((error: unknown): Answer => ({ exitCode: 1, stdout: '', stderr: `${error}\n` }))
        .then((answer) => connection.end(JSON.stringify(answer)));
    });
  });
  server.listen(socket);
  // Whoever removes the directory without asking wants nothing of it to go on.
  setInterval(() => {
    if (!existsSync(socket)) end();
  }, 1_000).unref();
  const end = () => {
    server.close();
    Promise.all([...services.values()].map((each) => each.stop())).then(() => process.exit(0));
  };
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
}

function ask(): void {
  let text = '';
  const connection = connect(socket, () => connection.end(JSON.stringify(words)));
  connection.on('error', () => {
    process.stderr.write('System has not been booted with systemd as init system. The sandbox is down.\n');
    process.exitCode = 1;
  });
  connection.on('data', (chunk) => {
    text += chunk.toString();
  });
  connection.on('end', () => {
    const answer = JSON.parse(text) as Answer;
    process.stdout.write(answer.stdout);
    process.stderr.write(answer.stderr);
    process.exitCode = answer.exitCode;
  });
}
