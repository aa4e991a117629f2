// A sandbox with two operators: each has a state directory on a disk of its own, a configuration, and a way to the
// chain that can be made to fail. What watches them from outside is here, too.
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { parseDocument } from 'yaml';
import { devPrivateKey } from '../../src/sandbox/chain/devAccounts.ts';
import { freePorts } from '../../src/sandbox/machine/freePorts.ts';
import type { SandboxState } from '../../src/sandbox/state.ts';
import { type FaultyNode, faultyNode } from '../../test/support/faultyNode.ts';
import { type ProcessSampler, sampleProcesses } from '../../test/support/processSampler.ts';
import { buildPrograms, type Program, startProgram } from '../../test/support/programs.ts';
import { type Evidence, findSecrets, type Leak, type Secret } from '../../test/support/secretSearch.ts';
import { callTv, type Output } from '../calls.ts';
import { Disk } from './disk.ts';
import { program } from './program.ts';

/** `TV_BIN`: another build's `bin/tv.js`, such as one that was broken on purpose. */
const bin = process.env['TV_BIN'] ?? fileURLToPath(new URL('../../bin/tv.js', import.meta.url));
export const environment = 'chaos';
/** In MiB. */
const sizes = { state: 32, backup: 64 } as const;
/** How many real backups are kept, and how many that are old and none are put beside them. */
const keptBackups = 6;
const oldBackups = 4;
/** How often processes are looked at: for their command lines, and for how many indexers and relays there are. */
const lookMs = { secrets: 20, counts: 700 } as const;

export interface Operator {
  readonly name: string;
  readonly disk: Disk;
  readonly state: string;
  /** Folders in which its journals can be, second places included. */
  readonly journals: readonly string[];
  readonly temporary: string;
  readonly env: Readonly<Record<string, string>>;
  /** Between tv and the proxy: modes of how nodes were seen to fail. */
  readonly node: FaultyNode;
  /** Where the sandbox's own kind of RPC proxy reads its faults: behind `node`, in front of the chain. */
  readonly proxyFaults: string;
  /** Seconds by which tv's clock is wrong, as eight bytes. Undefined where there is no C compiler. */
  readonly clock: string | undefined;
}

/** A tv that is running. */
export interface Call {
  /** tv, or script(1) around it. */
  readonly child: ChildProcess;
  /** Exit code -1 where a signal ended it. */
  readonly ended: Promise<Output>;
  over: boolean;
}

export class World {
  readonly home: string;
  readonly operators: readonly Operator[];
  readonly backups: Disk;
  readonly deployment: SandboxState['deployment'];
  readonly chainUrl: string;
  readonly envFile: string;
  readonly #directory: string;
  readonly #sandbox: SandboxState;
  readonly #closers: (() => Promise<unknown>)[];
  readonly #secrets = new Map<string, Secret>();
  readonly #seen = new Map<string, string>();
  #sampler: ProcessSampler;
  #printed: Evidence[] = [];
  readonly #leaks = new Map<string, Leak>();
  #counts = { indexers: 0, relays: 0 };
  readonly #timer: NodeJS.Timeout;
  #oldBackups = 0;

  private constructor(parts: {
    home: string;
    operators: readonly Operator[];
    backups: Disk;
    directory: string;
    sandbox: SandboxState;
    sampler: ProcessSampler;
    closers: (() => Promise<unknown>)[];
  }) {
    this.home = parts.home;
    this.operators = parts.operators;
    this.backups = parts.backups;
    this.#directory = parts.directory;
    this.#sandbox = parts.sandbox;
    this.deployment = parts.sandbox.deployment;
    this.chainUrl = `http://127.0.0.1:${parts.sandbox.ports.chain}`;
    this.envFile = join(parts.directory, 'tempovault', '.env');
    this.#sampler = parts.sampler;
    this.#closers = parts.closers;
    for (const { index } of Object.values(this.deployment.accounts))
      this.#addSecret(`dev key ${index}`, devPrivateKey(index));
    for (const [at, each] of readFileSync(join(parts.directory, 'pgpass'), 'utf8')
      .trim()
      .split('\n')
      .entries())
      this.#addSecret(`password ${at}`, each.split(/(?<!\\):/)[4]?.replaceAll(/\\(.)/g, '$1') ?? '');
    this.#addSecret(
      'password of the keystores',
      readFileSync(join(parts.directory, 'keys', 'password'), 'utf8').trim(),
    );
    this.#timer = setInterval(() => void this.#count().catch(() => {}), lookMs.counts);
  }

  /** @param tell shows how far it is */
  static async open(tell: (line: string) => void): Promise<World> {
    const home = mkdtempSync(join(tmpdir(), 'tv-chaos-'));
    // The services run as a user of their own, and have to pass through here.
    chmodSync(home, 0o711);
    const closers: (() => Promise<unknown>)[] = [async () => rmSync(home, { recursive: true, force: true })];
    try {
      // Before the sandbox boots: it sees what is mounted then.
      const backups = await Disk.make(join(home, 'backup'), join(home, 'backup.img'), sizes.backup);
      closers.push(() => backups.unmount());
      const env = { ...process.env, TV_STATE_DIR: home, NO_COLOR: '1' };
      closers.push(() => callTv(['sandbox', 'down', '--name', environment], env));
      const up = await callTv(['sandbox', 'up', '--name', environment], env);
      if (up.exitCode !== 0) throw new Error(up.stderr);
      const directory = join(home, 'sandbox', environment);
      const sandbox = JSON.parse(readFileSync(join(directory, 'sandbox.json'), 'utf8')) as SandboxState;
      await hurryRelay(directory);
      const programs = join(home, 'programs');
      await buildPrograms(programs, 'rpc_proxy');
      const clock = await compileClock(home, tell);
      const operators: Operator[] = [];
      for (const name of ['one', 'two']) {
        const operator = await openOperator(
          { name, home, directory, sandbox, programs, clock, backups },
          closers,
        );
        operators.push(operator);
      }
      const sampler = await sampleProcesses({ pauseMs: lookMs.secrets });
      return new World({ home, operators, backups, directory, sandbox, sampler, closers });
    } catch (error) {
      await closeAll(closers);
      throw error;
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sampler.stop();
    await closeAll(this.#closers);
  }

  /** @param terminal behind a terminal, which goes away when `child` is killed */
  start(operator: Operator, args: readonly string[], { terminal = false } = {}): Call {
    const words = [process.execPath, bin, ...args];
    const env = terminal ? { ...operator.env, TERM: 'xterm', SHELL: '/bin/sh' } : operator.env;
    const child = terminal
      ? spawn('script', ['-qec', `stty cols 100 rows 50; exec ${words.map(quoted).join(' ')}`, '/dev/null'], {
          env,
          stdio: ['pipe', 'pipe', 'pipe'],
        })
      : spawn(words[0] ?? '', words.slice(1), { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const text = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name]?.setEncoding('utf8').on('data', (part: string) => {
        text[name] += part;
      });
    // Of a terminal that is gone.
    child.stdin?.on('error', () => {});
    const call: Call = {
      child,
      over: false,
      ended: new Promise((resolve, reject) => {
        child.once('error', reject);
        child.once('close', (code) => {
          call.over = true;
          this.#printed.push({ place: `output of tv ${args.join(' ')}`, text: text.stdout + text.stderr });
          resolve({ exitCode: code ?? -1, ...text });
        });
      }),
    };
    return call;
  }

  /** All that was printed since the last reading. */
  screens(): string {
    return this.#printed.map(({ text }) => text).join('\n');
  }

  inside(command: readonly string[]): Promise<string> {
    // `systemctl is-active` fails where one unit is not, and still answers.
    return program(join(this.#directory, 'bin', 'inside'), ['sh', '-c', '"$@" || true', 'sh', ...command]);
  }

  /** As the superuser, in TempoVault's database. */
  async psql(query: string): Promise<string> {
    const file = join(psqlDirectory(), 'psql');
    const env = {
      ...{ PGHOST: '127.0.0.1', PGPORT: String(this.#sandbox.ports.database), PGUSER: 'postgres' },
      ...{ PGDATABASE: 'tempovault', PGPASSFILE: join(this.#directory, 'pgpass') },
    };
    const words = ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-f', '-'];
    for (let tries = 30; ; tries--) {
      try {
        return await program(file, words, { env, input: query });
      } catch (error) {
        // The server may be starting, or just have ended this session with all others.
        if (tries <= 0) throw error;
        await sleep(500);
      }
    }
  }

  /** Blocks that the sandbox's indexer could not fetch, and has left out for good: none of tv's doing. */
  async skippedBlocks(): Promise<ReadonlySet<number>> {
    const text = await this.inside([
      'journalctl',
      '-u',
      'tempovault-indexer',
      '-o',
      'cat',
      '--grep',
      'Error fetching logs',
    ]);
    return new Set([...text.matchAll(/for block (\d+)/g)].map(([, block]) => Number(block)));
  }

  /** Names of the backups, oldest first. */
  backupNames(): readonly string[] {
    const { folder } = this.backups;
    return readdirSync(folder)
      .filter((name) => existsSync(join(folder, name, 'manifest.json')))
      .toSorted();
  }

  /** Something for prune to remove, and room for more. */
  tidyBackups(): void {
    const { folder } = this.backups;
    for (const name of this.backupNames().slice(0, -keptBackups))
      rmSync(join(folder, name), { recursive: true });
    const old = readdirSync(folder).filter((name) => /^tempovault_old\d+\.sql\.gz$/.test(name));
    for (let more = old.length; more < oldBackups; more++) {
      const file = join(folder, `tempovault_old${++this.#oldBackups}.sql.gz`);
      writeFileSync(file, gzipSync('-- x\n'.repeat(100)));
      const then = Date.now() / 1000 - 60 * 86_400;
      utimesSync(file, then, then);
    }
  }

  takeProcessCounts(): { readonly indexers: number; readonly relays: number } {
    const counts = this.#counts;
    this.#counts = { indexers: 0, relays: 0 };
    return counts;
  }

  async #count(): Promise<void> {
    const group = cgroupOf(this.#sandbox.machine.init.pid);
    const text = await program('ps', ['-ww', '-eo', 'cgroup=,args=']);
    const lines = text.split('\n').filter((each) => each.includes(group));
    // A reindex beside the live database has an indexer of its own, on a database of its own.
    const many = (name: string) =>
      lines.filter((each) => each.includes(`${name}.js`) && !each.includes('-beside')).length;
    this.#counts = {
      indexers: Math.max(this.#counts.indexers, many('event_indexer')),
      relays: Math.max(this.#counts.relays, many('oracle_relay')),
    };
  }

  isTv(pid: number): boolean {
    return environmentOf(pid).includes(`TMPDIR=${this.home}/`);
  }

  /** Of an operator: tv and what it has started, known by the folder for temporary files that it hands on. */
  async processesLeft(operator?: Operator): Promise<readonly string[]> {
    const mark = `TMPDIR=${operator?.temporary ?? `${this.home}/`}`;
    return readdirSync('/proc').flatMap((pid) => {
      if (!/^\d+$/.test(pid) || !environmentOf(Number(pid)).includes(mark)) return [];
      const command = commandOf(Number(pid));
      return command === '' ? [] : [`${pid} ${command}`];
    });
  }

  /** Everything that was written or printed since the last time. The leaks that were found stay. */
  findLeaks(): readonly Leak[] {
    const key = /^ORACLE_PRIVATE_KEY=["']?(0x[0-9a-fA-F]{64})/m.exec(readFileSync(this.envFile, 'utf8'))?.[1];
    if (key !== undefined) this.#addSecret('a key of .env', key);
    const files = this.operators.flatMap(({ state, temporary, journals }) =>
      [state, temporary, ...journals].flatMap((folder) => this.#changedFiles(folder)),
    );
    this.#note([...this.#printed, ...files, ...this.#changedFiles(this.backups.folder)]);
    this.#printed = [];
    return [...this.#leaks.values()];
  }

  /** What the processes showed while they were sampled, and the services' journals. */
  async findProcessLeaks(): Promise<readonly Leak[]> {
    const sampler = this.#sampler;
    const commands = await sampler.stop();
    this.#sampler = await sampleProcesses({ pauseMs: lookMs.secrets });
    // Others on this machine may have sandboxes, too, and the same dev keys.
    const ours = (text: string) => text.includes(this.home);
    const shown = commands.filter(ours).map((text) => ({ place: `command line ${text.slice(0, 60)}`, text }));
    // The services are given theirs by systemd, and PostgreSQL's programs get the database's as PGPASSWORD.
    const others = (text: string) => text.replaceAll(/^PGPASSWORD=.*$/gm, '');
    const environments = sampler
      .environments()
      .flatMap(([command, all]) =>
        /event_indexer|oracle_relay|api_server/.test(command)
          ? []
          : all
              .filter(ours)
              .map((text) => ({ place: `environment of ${command.slice(0, 60)}`, text: others(text) })),
      );
    const journal = await this.inside(['journalctl', '-o', 'cat', '--no-pager']);
    this.#note([...shown, ...environments, { place: 'journal of the services', text: journal }]);
    return [...this.#leaks.values()];
  }

  #note(evidence: readonly Evidence[]): void {
    for (const leak of findSecrets(evidence, [...this.#secrets.values()]))
      this.#leaks.set(JSON.stringify(leak), leak);
  }

  #addSecret(name: string, value: string): void {
    if (value !== '') this.#secrets.set(value.toLowerCase(), { name, value });
  }

  /** The new keys of the oracle are kept in files of the state directory, for their owner alone. */
  #changedFiles(folder: string): readonly Evidence[] {
    if (!existsSync(folder)) return [];
    return readdirSync(folder, { recursive: true, encoding: 'utf8' }).flatMap((name) => {
      const path = join(folder, name);
      if (/^oracle\/.*\.key/.test(name) || name === '.ballast') return [];
      const stat = statSync(path, { throwIfNoEntry: false });
      if (stat?.isFile() !== true) return [];
      const version = `${stat.ino} ${stat.size} ${stat.mtimeMs}`;
      if (this.#seen.get(path) === version) return [];
      this.#seen.set(path, version);
      return [{ place: `file ${path}`, text: readFileSync(path, 'latin1') }];
    });
  }
}

/** The relay sends every other second, so that nobody need wait long for a signal. */
async function hurryRelay(directory: string): Promise<void> {
  const file = join(directory, 'units', 'tempovault-oracle.service');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^(ExecStart=.*) \d+$/m, '$1 2'));
  const inside = join(directory, 'bin', 'inside');
  await program(inside, ['systemctl', 'daemon-reload']);
  await program(inside, ['systemctl', 'restart', 'tempovault-oracle']);
}

async function openOperator(
  {
    name,
    home,
    directory,
    sandbox,
    programs,
    clock: library,
    backups,
  }: {
    readonly name: string;
    readonly home: string;
    readonly directory: string;
    readonly sandbox: SandboxState;
    readonly programs: string;
    readonly clock: string | undefined;
    readonly backups: Disk;
  },
  closers: (() => Promise<unknown>)[],
): Promise<Operator> {
  const mount = join(home, name);
  const disk = await Disk.make(mount, join(home, `${name}.img`), sizes.state);
  closers.push(() => disk.unmount());
  const state = join(mount, 'state');
  const temporary = join(home, `${name}-tmp`);
  mkdirSync(temporary, { mode: 0o700 });
  const proxyFaults = join(home, `${name}-faults.json`);
  const [port = 0] = await freePorts(1);
  const proxy: Program = startProgram(programs, 'rpc_proxy', {
    ...{ RPC_PROXY_PORT: port, FAULTS_FILE: proxyFaults },
    RPC_UPSTREAM: `http://127.0.0.1:${sandbox.ports.chain}`,
  });
  closers.push(async () => proxy[Symbol.asyncDispose]());
  const node = await faultyNode(`http://127.0.0.1:${port}`);
  closers.push(async () => node[Symbol.asyncDispose]());
  const config = join(home, `${name}.yaml`);
  const settings = parseDocument(readFileSync(join(directory, 'tv.yaml'), 'utf8'));
  const set = (path: readonly string[], value: unknown) =>
    settings.setIn(['environments', environment, ...path], value);
  set(['stateDirectory'], state);
  set(['chain', 'rpcUrls'], [node.url]);
  set(['backup', 'directory'], backups.folder);
  set(['monitor', 'limitMs'], 10_000);
  writeFileSync(config, settings.toString(), { mode: 0o600 });
  const clock = library === undefined ? undefined : join(home, `${name}-clock`);
  if (clock !== undefined) writeFileSync(clock, Buffer.alloc(8));
  const hash = createHash('sha256').update(state).digest('hex').slice(0, 16);
  const seconds = [temporary, '/dev/shm'].map((folder) =>
    join(folder, `tv-${process.getuid?.() ?? 0}`, hash),
  );
  closers.push(async () => rmSync(seconds[1] ?? '', { recursive: true, force: true }));
  return {
    ...{ name, disk, state, temporary, node, proxyFaults, clock },
    journals: [join(state, 'runs'), ...seconds.map((folder) => join(folder, 'runs'))],
    env: {
      ...{ PATH: process.env['PATH'] ?? '/usr/bin:/bin', HOME: temporary, TMPDIR: temporary, NO_COLOR: '1' },
      ...{
        XDG_CACHE_HOME: join(home, 'cache'),
        TV_STATE_DIR: state,
        TV_CONFIG: config,
        TV_ENVIRONMENT: environment,
      },
      ...(clock === undefined || library === undefined ? {} : { LD_PRELOAD: library, CHAOS_CLOCK: clock }),
    },
  };
}

async function compileClock(home: string, tell: (line: string) => void): Promise<string | undefined> {
  const library = join(home, 'clock.so');
  const source = fileURLToPath(new URL('clock.c', import.meta.url));
  try {
    await program('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl']);
    return library;
  } catch (error) {
    tell(`no clock jumps: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

async function closeAll(closers: (() => Promise<unknown>)[]): Promise<void> {
  for (const close of closers.toReversed())
    await close().catch((error: unknown) => console.error(`clearing away: ${String(error)}`));
  closers.length = 0;
}

/** Debian's psql in /usr/bin is a slow wrapper. */
function psqlDirectory(): string {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root)
    ? readdirSync(root)
        .map(Number)
        .toSorted((a, b) => b - a)
    : [];
  return versions.length > 0 ? join(root, String(versions[0]), 'bin') : '/usr/bin';
}

function cgroupOf(pid: number): string {
  const path = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
  return /tv-sandbox-\w+/.exec(path)?.[0] ?? path;
}

function environmentOf(pid: number): string {
  return textOf(`/proc/${pid}/environ`);
}

function commandOf(pid: number): string {
  return textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
}

/** Empty of a process that has ended. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
