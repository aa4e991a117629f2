import { cpSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type FaultMode, type FaultOptions, faultyNode } from '../../test/support/faultyNode.ts';

/** Where an answer of tv comes from. */
export type Source =
  | 'rpc'
  | 'database'
  | 'api'
  | 'systemd'
  | 'processes'
  | 'journal'
  | 'disk'
  | 'backups'
  | 'clock';

/** What a lie needs of the sandbox. */
export interface Told {
  /** The chain itself. */
  readonly chain: string;
  /** Of the time when the lies are made. */
  readonly head: number;
  /** A folder of the script's own. */
  readonly folder: string;
  readonly inside: string;
  readonly backups: string;
  /** The configuration of the sandbox, in which tv reads a database beside that of the services. Holds its password. */
  configWithDatabase(name: string): string;
}

/** What makes tv, and only tv, hear a lie. */
export interface Channel {
  readonly args: readonly string[];
  /** In the place of the sandbox's configuration file. */
  readonly config?: string;
  end(): Promise<void>;
}

export interface Lie {
  readonly name: string;
  readonly source: Source;
  /** The source returns nothing that it could be believed by: all may not be said to be well. */
  readonly nothing?: true;
  tell(told: Told): Promise<Channel>;
}

function node(name: string, mode: FaultMode, options: (told: Told) => FaultOptions = () => ({})): Lie {
  return {
    name: `rpc: ${name}`,
    source: 'rpc',
    tell: async (told) => {
      const server = await faultyNode(told.chain, mode, options(told));
      const end = async () => server[Symbol.asyncDispose]();
      return { args: ['--set', `chain.rpcUrls=${server.url}`], end };
    },
  };
}

function database(name: string, copy: string): Lie {
  return {
    name: `database: ${name}`,
    source: 'database',
    // Not on the command line: it holds the password.
    tell: async (told) => {
      const config = join(told.folder, `${copy}.yaml`);
      writeFileSync(config, told.configWithDatabase(copy), { mode: 0o600 });
      return { args: [], config, end: async () => {} };
    },
  };
}

function api(
  name: string,
  answer: (path: string) => readonly [type: string, body: string],
  nothing?: true,
): Lie {
  return {
    name: `api: ${name}`,
    source: 'api',
    ...(nothing === undefined ? {} : { nothing }),
    tell: async () => {
      const server = createServer((request, response) => {
        const [type, body] = answer(request.url ?? '/');
        response.writeHead(200, { 'content-type': type }).end(body);
      });
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
      const end = async () => {
        server.closeAllConnections();
        await new Promise((done) => server.close(done));
      };
      return { args: ['--set', `api.url=http://127.0.0.1:${(server.address() as AddressInfo).port}`], end };
    },
  };
}

/** In front of the host's commands: `script` has the command in `$@`, and runs `"$INSIDE" "$@"` for a true answer. */
function host(name: string, source: Source, script: string, nothing?: true): Lie {
  return {
    name: `${source}: ${name}`,
    source,
    ...(nothing === undefined ? {} : { nothing }),
    tell: async ({ folder, inside }) => {
      // A file that runs cannot be written: each run of tv has its own.
      const file = join(mkdtempSync(join(folder, `${source}-`)), 'host');
      writeFileSync(file, `#!/bin/sh\nINSIDE=${inside}\n${script}\nexec "$INSIDE" "$@"\n`, { mode: 0o755 });
      return { args: ['--set', `host.prefix=${file}`], end: async () => {} };
    },
  };
}

/** One backup, copied and changed. */
function backup(name: string, change: (folder: string) => void): Lie {
  return {
    name: `backups: ${name}`,
    source: 'backups',
    tell: async ({ folder, backups }) => {
      const copy = mkdtempSync(join(folder, 'backups-'));
      cpSync(backups, copy, { recursive: true });
      const [only = ''] = readdirSync(copy).filter((entry) => entry.startsWith('tempovault_'));
      change(join(copy, only));
      return { args: ['--set', `backup.directory=${copy}`], end: async () => {} };
    },
  };
}

const healthy = (block: number, at: string) => (path: string) =>
  [
    'application/json',
    JSON.stringify(
      path.startsWith('/ready')
        ? { ready: true, checks: { rpc: true, database: true } }
        : {
            status: 'healthy',
            service: 'tempovault-api',
            chain_id: 31337,
            latest_block: block,
            timestamp: at,
          },
    ),
  ] as const;

function editManifest(folder: string, edit: (manifest: Record<string, unknown>) => void): void {
  const file = join(folder, 'manifest.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  edit(manifest);
  writeFileSync(file, JSON.stringify(manifest));
}

const balanceOf = '0x70a08231';

export const lies: readonly Lie[] = [
  node('head of an hour ago, the rest fresh', 'headFrozen', ({ head }) => ({ head: head - 900 })),
  node('everything of an hour ago', 'frozen', ({ head }) => ({ head: head - 900 })),
  node('500 blocks behind', 'staleHead'),
  node('logs cut at 100', 'logsCap', () => ({ cap: 100 })),
  node('logs empty', 'logsEmpty'),
  node('logs without the older half', 'logsTail', ({ head }) => ({ prunedBelow: Math.floor(head / 2) })),
  node('logs of other blocks', 'logsMoved'),
  node('calls answer 0x', 'callempty'),
  node('calls answer zero', 'callzero'),
  node('calls answer null', 'callnull'),
  node('receipts null', 'recnull'),
  node('receipts flipped', 'recflipped'),
  node('receipts of another block', 'recmoved'),
  node('receipts of another transaction', 'recother'),
  node('no code', 'codeempty'),
  node('id of another chain', 'wrongchain'),
  node('balances zero', 'callzero', () => ({ selectors: [balanceOf] })),
  node('nonces behind', 'noncebehind'),
  database('a stale copy', 'liar_stale'),
  database('event tables empty', 'liar_empty'),
  database('rows of other contracts', 'liar_other'),
  database('rows of another chain', 'liar_chain'),
  database('cursor ahead', 'liar_ahead'),
  api('healthy, an old body', healthy(100, '2020-01-01T00:00:00Z')),
  api('healthy whatever is so', healthy(1_000_000, new Date().toISOString())),
  api('HTML', () => ['text/html', '<!DOCTYPE html><html><title>It works!</title></html>'], true),
  api('an empty body', () => ['application/json', ''], true),
  api('another service', () => ['application/json', '{"status":"ok","service":"other"}'], true),
  host(
    'says active, no process',
    'systemd',
    onlyFor(
      'systemctl',
      `"$INSIDE" "$@" | sed -e 's/^ActiveState=.*/ActiveState=active/' -e 's/^SubState=.*/SubState=running/' -e 's/^Result=.*/Result=success/' -e 's/^inactive$/active/' -e 's/^failed$/active/'; exit 0`,
    ),
  ),
  host(
    'says active, process 4242',
    'systemd',
    onlyFor(
      'systemctl',
      `"$INSIDE" "$@" | sed -e 's/^ActiveState=.*/ActiveState=active/' -e 's/^SubState=.*/SubState=running/' -e 's/^Result=.*/Result=success/' -e 's/^MainPID=0$/MainPID=4242/' -e 's/^inactive$/active/' -e 's/^failed$/active/'; exit 0`,
    ),
  ),
  host(
    'says inactive',
    'systemd',
    onlyFor(
      'systemctl',
      `"$INSIDE" "$@" | sed -e 's/^ActiveState=.*/ActiveState=inactive/' -e 's/^SubState=.*/SubState=dead/' -e 's/^MainPID=.*/MainPID=0/'; exit 0`,
    ),
  ),
  host('nothing, exit 0', 'systemd', onlyFor('systemctl', 'exit 0'), true),
  host('garbage, exit 0', 'systemd', onlyFor('systemctl', `printf 'a=b\\n\\na=b\\n\\na=b\\n'; exit 0`), true),
  host(
    'one line of garbage',
    'systemd',
    onlyFor(
      'systemctl',
      `[ "$2" = show ] && for unit; do case $unit in -* | show | systemctl) ;; *) printf 'a=b\\n\\n' ;; esac; done; exit 0`,
    ),
    true,
  ),
  host('nothing, exit 0', 'processes', onlyFor('ps', 'exit 0'), true),
  host('cut after three lines', 'processes', onlyFor('ps', `"$INSIDE" "$@" | head -n 3; exit 0`)),
  host('nothing, exit 0', 'journal', onlyFor('journalctl', 'exit 0'), true),
  host('cut in the middle', 'journal', onlyFor('journalctl', `"$INSIDE" "$@" | head -c 300; exit 0`)),
  host(
    'zero',
    'disk',
    onlyFor(
      'df',
      `printf 'Filesystem 1024-blocks Used Available Capacity Mounted on\\nx 0 0 0 - /\\n'; exit 0`,
    ),
    true,
  ),
  host('nothing, exit 0', 'disk', onlyFor('df', 'exit 0'), true),
  host('an hour behind', 'clock', onlyFor('date', `echo $(($("$INSIDE" date +%s) - 3600)); exit 0`)),
  host('zero', 'clock', onlyFor('date', 'echo 0; exit 0')),
  backup('manifest of another database', (folder) =>
    editManifest(folder, (manifest) => {
      manifest['database'] = { ...(manifest['database'] as object), systemIdentifier: '1', name: 'other' };
    }),
  ),
  backup('dump replaced', (folder) => {
    const data = join(folder, 'data');
    const [first = '', second = ''] = readdirSync(data).filter((entry) => entry.endsWith('.gz'));
    cpSync(join(data, first), join(data, second));
  }),
  backup('manifest counts other rows', (folder) =>
    editManifest(folder, (manifest) => {
      manifest['rows'] = { ...(manifest['rows'] as object), 'public.events': 1 };
    }),
  ),
  backup('manifest without files', (folder) =>
    editManifest(folder, (manifest) => {
      manifest['files'] = [];
    }),
  ),
];

function onlyFor(program: string, body: string): string {
  return `if [ "$1" = ${program} ]; then\n  ${body}\nfi`;
}
