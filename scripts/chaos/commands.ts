import type { SandboxState } from '../../src/sandbox/state.ts';
import { environment } from './world.ts';

/** What is so when a command is chosen. */
export interface Scene {
  readonly random: () => number;
  /** As the readers have it: `paused`, `breaker 0x…`, `unit tempovault-api`. */
  readonly state: Readonly<Record<string, string>>;
  /** Names, oldest first. */
  readonly backups: readonly string[];
  readonly deployment: SandboxState['deployment'];
  /** An amount in the smallest unit that no order has had. */
  readonly freshAmount: () => bigint;
  /** Names to choose from; default all. */
  readonly only: {
    readonly commands: readonly string[] | undefined;
    readonly faults: readonly string[] | undefined;
  };
}

export interface Choice {
  readonly words: readonly string[];
  /** Of a payment, in the smallest unit. */
  readonly order?: string;
  /** What is so once it is verified; `*`: whatever it is. */
  readonly claims?: Readonly<Record<string, string>>;
}

export interface Command {
  readonly name: string;
  readonly weight: number;
  /** How long it usually takes after its run has begun, in milliseconds. */
  readonly spanMs: number;
  /** How many lines its journal usually has: faults come between them, however slow the machine is. */
  readonly lines: number;
  /** It makes no run, and takes no lock. */
  readonly reads?: true;
  /** Undefined where it makes no sense now. */
  readonly choose: (scene: Scene) => Choice | undefined;
}

const severe = ['--confirm', environment] as const;
const moderate = ['--yes'] as const;
const services = ['api', 'indexer', 'oracle'] as const;
const unitOf = (service: string) => `unit tempovault-${service}`;

function pick<T>(random: () => number, list: readonly T[]): T | undefined {
  return list[Math.floor(random() * list.length)];
}

const allUnits = (value: string) => Object.fromEntries(services.map((service) => [unitOf(service), value]));

/** A run that starts services again, whoever has stopped them. */
const anyUnits = allUnits('*');

const plain = (words: string, spanMs: number, lines: number, weight: number): Command => ({
  name: words.replace(/ --.*/, ''),
  weight,
  spanMs,
  lines,
  choose: () => ({ words: words.split(' ') }),
});

function service(verb: 'start' | 'stop' | 'restart', weight: number): Command {
  return {
    name: `service ${verb}`,
    weight,
    spanMs: verb === 'stop' ? 150 : 1_200,
    lines: 6,
    choose: ({ random, state }) => {
      const fitting = services.filter((each) => (state[unitOf(each)] === 'active') !== (verb === 'start'));
      const name = pick(random, fitting);
      if (name === undefined) return undefined;
      const claims = { [unitOf(name)]: verb === 'stop' ? 'inactive' : 'active' };
      return { words: ['service', verb, name, ...moderate], claims };
    },
  };
}

function breaker(verb: 'trip' | 'reset', weight: number): Command {
  return {
    name: `breaker ${verb}`,
    weight,
    spanMs: 300,
    lines: 6,
    choose: ({ random, state, deployment }) => {
      const open = verb === 'reset';
      const pair = pick(
        random,
        deployment.pairs.filter(({ id }) => (state[`breaker ${id}`] === 'true') === open),
      );
      if (pair === undefined) return undefined;
      const words = ['breaker', verb, '--pair', pair.id, ...severe];
      return { words, claims: { [`breaker ${pair.id}`]: String(!open) } };
    },
  };
}

const isUp = (state: Scene['state']) => services.every((each) => state[unitOf(each)] === 'active');

const commands: readonly Command[] = [
  plain('db backup', 1_000, 9, 4),
  plain('db prune --keep-days 1 --yes', 150, 9, 3),
  plain('db vacuum', 250, 14, 2),
  { ...plain('reindex check', 1_000, 1, 1), reads: true },
  {
    name: 'db prune --old',
    weight: 2,
    spanMs: 200,
    lines: 6,
    choose: () => ({ words: ['db', 'prune', '--old', ...moderate] }),
  },
  {
    name: 'db pin',
    weight: 1,
    spanMs: 60,
    lines: 5,
    choose: ({ random, backups }) => {
      const name = pick(random, backups);
      return name === undefined
        ? undefined
        : { words: ['db', pick(random, ['pin', 'unpin']) ?? 'pin', name] };
    },
  },
  {
    name: 'db verify',
    weight: 2,
    spanMs: 350,
    lines: 5,
    choose: ({ backups }) => (backups.length === 0 ? undefined : { words: ['db', 'verify', '--latest'] }),
  },
  {
    name: 'db restore',
    weight: 3,
    spanMs: 2_200,
    lines: 13,
    choose: ({ backups, state }) =>
      backups.length === 0 || !isUp(state) || state['paused'] === 'true'
        ? undefined
        : { words: ['db', 'restore', '--latest', '--end-sessions', ...severe], claims: anyUnits },
  },
  {
    name: 'db tune',
    weight: 2,
    spanMs: 250,
    lines: 26,
    choose: ({ random }) => {
      const memory = `${4 + Math.floor(random() * 60)}GB`;
      return {
        words: ['db', 'tune', '--apply', '--memory', memory, '--cores', '4', '--disk', 'ssd', ...moderate],
      };
    },
  },
  service('restart', 4),
  service('stop', 2),
  service('start', 20),
  breaker('trip', 4),
  breaker('reset', 4),
  {
    name: 'emergency shutdown',
    weight: 3,
    spanMs: 500,
    lines: 13,
    choose: ({ state }) =>
      state['paused'] === 'true'
        ? undefined
        : {
            words: ['emergency', 'shutdown', ...severe],
            claims: { paused: 'true', ...allUnits('inactive') },
          },
  },
  {
    name: 'emergency resume',
    weight: 25,
    spanMs: 2_600,
    lines: 12,
    choose: ({ state }) =>
      state['paused'] === 'true'
        ? { words: ['emergency', 'resume', ...severe], claims: { paused: 'false', ...allUnits('active') } }
        : undefined,
  },
  {
    name: 'emergency withdraw',
    weight: 7,
    spanMs: 160,
    lines: 7,
    choose: ({ deployment, freshAmount }) => {
      const amount = freshAmount();
      const whole = `${amount / 1_000_000n}.${String(amount % 1_000_000n).padStart(6, '0')}`;
      const to = deployment.accounts.owner.address;
      return {
        words: ['emergency', 'withdraw', '--token', 'AlphaUSD', '--amount', whole, '--to', to, ...severe],
        order: String(amount),
      };
    },
  },
  {
    name: 'oracle rotate-key',
    weight: 4,
    spanMs: 1_700,
    lines: 22,
    choose: ({ state }) =>
      state['paused'] === 'true'
        ? undefined
        : { words: ['oracle', 'rotate-key', ...severe], claims: { [unitOf('oracle')]: '*' } },
  },
  {
    name: 'oracle revoke-old',
    weight: 2,
    spanMs: 150,
    lines: 7,
    choose: () => ({ words: ['oracle', 'revoke-old', '--now', ...severe] }),
  },
  {
    name: 'oracle recover',
    weight: 3,
    spanMs: 1_300,
    lines: 9,
    choose: ({ state }) =>
      state['paused'] === 'true'
        ? undefined
        : { words: ['oracle', 'recover', ...moderate], claims: { [unitOf('oracle')]: 'active' } },
  },
  {
    name: 'oracle fund',
    weight: 2,
    spanMs: 250,
    lines: 6,
    choose: () => ({ words: ['oracle', 'fund', '--amount', '1', ...moderate] }),
  },
];

/** One that makes sense now, by weight. */
export function chooseCommand(scene: Scene): { readonly command: Command; readonly choice: Choice } {
  const wanted = commands.filter(({ name }) => scene.only.commands?.includes(name) ?? true);
  for (;;) {
    const command = byWeight(scene.random, wanted);
    const choice = command.choose(scene);
    if (choice !== undefined) return { command, choice };
  }
}

export function byWeight<T extends { readonly weight: number }>(random: () => number, list: readonly T[]): T {
  let left = random() * list.reduce((sum, { weight }) => sum + weight, 0);
  for (const each of list) {
    left -= each.weight;
    if (left < 0) return each;
  }
  throw new Error('nothing to choose from');
}
