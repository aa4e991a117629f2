import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RpcFault, writeFaults } from '../../src/sandbox/services/faults.ts';
import { type FaultMode, faultModes } from '../../test/support/faultyNode.ts';
import { byWeight } from './commands.ts';
import type { Call, Operator, World } from './world.ts';

/** What happens to a call at one moment. */
export interface Fault {
  readonly weight: number;
  /** tv is behind a terminal. */
  readonly terminal?: true;
  /** @param holdMs how long it lasts, where it is something that lasts */
  readonly impose: (world: World, operator: Operator, call: Call, holdMs: number) => Promise<void>;
  /** Once the call has ended, before anything is resumed. */
  readonly mend?: (world: World, operator: Operator) => Promise<void>;
}

/** Where nothing may be left of tv before it goes on. */
async function killAll(world: World, operator: Operator): Promise<void> {
  for (;;) {
    const left = await world.processesLeft(operator);
    if (left.length === 0) return;
    for (const each of left) signal(Number(each.split(' ')[0]), 'SIGKILL');
    await sleep(5);
  }
}

function signal(pid: number | undefined, name: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(pid, name);
  } catch {
    // It has ended.
  }
}

function signals(weight: number, ...names: readonly NodeJS.Signals[]): Fault {
  return {
    weight,
    impose: async (_, __, { child }, holdMs) => {
      for (const [at, name] of names.entries()) {
        if (at > 0) await sleep(holdMs / 4);
        signal(child.pid, name);
      }
    },
  };
}

const proxyModes: readonly RpcFault[] = [
  { mode: 'stop' },
  { mode: 'slow', ms: 3_000 },
  { mode: 'hang' },
  { mode: 'rate-limit' },
  { mode: 'html' },
  { mode: 'prune', below: 200 },
  { mode: 'wrong-chain', id: 1 },
  { mode: 'drop-tx' },
  { mode: 'accept-then-die' },
  { mode: 'already-known' },
];
/** `frozen` shows block 0 for ever unless it is given another one. */
const nodeModes = faultModes.filter((mode) => mode !== 'healthy' && mode !== 'frozen');

const healNode = async (_: World, { node, proxyFaults }: Operator) => {
  node.mode = 'healthy';
  writeFaults(proxyFaults, []);
};

/** The node fails for a while, and in the end tv is killed, or left to see that it is back. */
function rpcFault(weight: number, impose: (operator: Operator) => void, kill: boolean): Fault {
  return {
    weight,
    impose: async (world, operator, call, holdMs) => {
      impose(operator);
      await Promise.race([call.ended, sleep(holdMs)]);
      if (kill) signal(call.child.pid, 'SIGKILL');
      else await healNode(world, operator);
    },
    mend: healNode,
  };
}

function rpcFaults(): readonly (readonly [string, Fault])[] {
  const all: readonly (readonly [string, (operator: Operator) => void])[] = [
    ...proxyModes.map(
      (fault) => [fault.mode, ({ proxyFaults }: Operator) => writeFaults(proxyFaults, [fault])] as const,
    ),
    ...nodeModes.map(
      (mode: FaultMode) => [mode, ({ node }: Operator) => void Object.assign(node, { mode })] as const,
    ),
  ];
  const weight = 20 / all.length;
  return all.flatMap(([mode, impose]) => [
    [`rpc ${mode}`, rpcFault(weight / 2, impose, false)] as const,
    [`rpc ${mode}, KILL`, rpcFault(weight / 2, impose, true)] as const,
  ]);
}

/** So far ahead or behind, in seconds. */
const clockJumps = { ahead: 5_400, behind: -5_400, 'a bit ahead': 45, 'a bit behind': -45 } as const;

function setClock({ clock }: Operator, seconds: number): void {
  if (clock === undefined) return;
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(seconds));
  // In place: tv has it mapped.
  const handle = openSync(clock, 'r+');
  writeSync(handle, bytes, 0, 8, 0);
  closeSync(handle);
}

export const faults: Readonly<Record<string, Fault>> = {
  none: { weight: 3, impose: async () => {} },
  KILL: signals(30, 'SIGKILL'),
  TERM: signals(6, 'SIGTERM'),
  HUP: signals(4, 'SIGHUP'),
  INT: signals(5, 'SIGINT'),
  'INT INT': signals(4, 'SIGINT', 'SIGINT'),
  'STOP CONT': {
    weight: 4,
    impose: async (_, __, { child }, holdMs) => {
      signal(child.pid, 'SIGSTOP');
      await sleep(holdMs);
      signal(child.pid, 'SIGCONT');
    },
  },
  'STOP KILL': signals(4, 'SIGSTOP', 'SIGKILL'),
  'terminal lost': {
    weight: 7,
    terminal: true,
    // script(1) holds it; the kernel then sends SIGHUP to what runs there.
    impose: async (_, __, { child }) => signal(child.pid, 'SIGKILL'),
  },
  'PostgreSQL restarted': {
    weight: 4,
    impose: async (world) => void (await world.inside(['systemctl', 'restart', 'sandbox-database'])),
  },
  'sessions ended': {
    weight: 5,
    impose: async (world) =>
      void (await world.psql(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL',
      )),
  },
  'state disk full': {
    weight: 6,
    impose: async (_, { disk }) => disk.fill(),
    mend: async (_, { disk }) => disk.makeRoom(),
  },
  'backup disk full': {
    weight: 3,
    impose: async ({ backups }) => backups.fill(),
    mend: async ({ backups }) => backups.makeRoom(),
  },
  'power cut': {
    weight: 9,
    impose: async (world, operator, { child }) => {
      signal(child.pid, 'SIGKILL');
      await killAll(world, operator);
      // What a machine keeps in memory is gone with it.
      rmSync(`${operator.temporary}/tv-${process.getuid?.() ?? 0}`, { recursive: true, force: true });
      await operator.disk.cutPower();
    },
  },
  ...Object.fromEntries(
    Object.entries(clockJumps).flatMap(([name, seconds]) => [
      [
        `clock ${name}`,
        {
          weight: 1.5,
          impose: async (_: World, operator: Operator) => setClock(operator, seconds),
          mend: async (_: World, operator: Operator) => setClock(operator, 0),
        },
      ],
    ]),
  ),
  ...Object.fromEntries(rpcFaults()),
};

/** A name, by weight. @param only names to choose from; default all */
export function chooseFault(
  random: () => number,
  { withClock, only }: { readonly withClock: boolean; readonly only: readonly string[] | undefined },
): string {
  const named = Object.entries(faults).map(([name, { weight }]) => ({ name, weight }));
  const fitting = named.filter(
    ({ name }) => (withClock || !name.startsWith('clock')) && (only?.includes(name) ?? true),
  );
  return byWeight(random, fitting).name;
}
