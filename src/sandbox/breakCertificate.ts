import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import type { BrokenWorld, Fault } from './breakRecord.ts';
import { readFault } from './breakRecord.ts';
import { inside } from './breakServices.ts';
import { freePorts } from './machine/freePorts.ts';
import { runInside } from './machine/runInside.ts';
import { nodeInside, unitPath } from './machine/startMachine.ts';
import { until } from './machine/until.ts';
import { unitText } from './units/unitText.ts';

const unit = 'sandbox-proxy';
const publicUrl = ['api', 'publicUrl'];

/** The proxy between the API and its users. */
export const certificateFaults: Readonly<Record<string, Fault>> = {
  'expired-certificate': {
    summary: 'the TLS certificate of the reverse proxy, at api.publicUrl, has expired',
    prepare: async () => {
      const [port = 0] = await freePorts(1);
      return { port };
    },
    impose: async (world) => {
      const { paths, state } = world;
      const { port } = readFault<{ port: number }>(paths, 'expired-certificate');
      const program = join(paths.programs, 'tls_proxy.js');
      const text = unitText({
        name: unit,
        description: 'Sandbox: the reverse proxy in front of the API',
        command: [...nodeInside(), unitPath(paths, program)],
        user: undefined,
        workingDirectory: unitPath(paths, paths.tempovault),
        environment: { PROXY_PORT: String(port), API_PORT: String(state.ports.api) },
        restart: 'on-failure',
      });
      writeFileSync(unitFile(world), text);
      await inside(world, ['systemctl', 'daemon-reload']);
      await inside(world, ['systemctl', 'start', unit]);
      await until(() => listens(port), { limitMs: 15_000, what: 'the reverse proxy to listen' });
      setPublicUrl(world, `https://127.0.0.1:${port}`);
    },
    mend: async (world) => {
      setPublicUrl(world, undefined);
      await runInside(world.state.machine, ['systemctl', 'stop', unit]);
      rmSync(unitFile(world), { force: true });
      await inside(world, ['systemctl', 'daemon-reload']);
    },
  },
};

function unitFile({ paths }: BrokenWorld): string {
  return join(paths.units, `${unit}.service`);
}

function setPublicUrl({ paths, state }: BrokenWorld, url: string | undefined): void {
  const settings = parseDocument(readFileSync(paths.config, 'utf8'));
  const place = ['environments', state.name, ...publicUrl];
  if (url === undefined) settings.deleteIn(place);
  else settings.setIn(place, url);
  writeFileSync(paths.config, settings.toString());
  chmodSync(paths.config, 0o600);
}

/** Whether something accepts connections on a port of this machine. */
function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const end = (is: boolean) => {
      socket.destroy();
      resolve(is);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false));
  });
}
