import type { Claim, Undetectable } from './judge.ts';
import type { Source } from './lies.ts';
import type { Truth } from './truth.ts';

/** A command of tv, and what only its own screen claims. */
export interface Command {
  readonly words: readonly string[];
  /** The sources whose lies reach it. */
  readonly reads: readonly Source[];
  /** On top of `claims`. */
  readonly claims?: readonly Claim[];
  /** Its first line says whether all is well. */
  readonly isVerdict?: true;
}

/** The two states of the sandbox in which every lie is told. */
export type World = 'well' | 'ill';

const never = () => false;
const noneOpen = ({ open }: Truth) => open.length === 0;
const claim = (id: string, words: RegExp, isTrue: Claim['isTrue']): Claim => ({ id, words, isTrue });
type Service = keyof Truth['active'];
/** A signal is stale after five minutes. */
const isFresh = ({ signalAge }: Truth) => signalAge < 300;
const numberOf = (text: string) => Number(text.replaceAll(' ', ''));
const isActive = ({ active }: Truth, [name]: readonly string[]) => active[name as Service];
const allActive = ({ active }: Truth) => Object.values(active).every(Boolean);
const noOther = ({ processes, active }: Truth) => processes.indexer <= Number(active.indexer);
/** The chain grows while the screen is made. */
const isLag = ({ lag }: Truth, [blocks = '']: readonly string[]) => Math.abs(numberOf(blocks) - lag) < 60;

/** What any screen may claim. */
export const claims: readonly Claim[] = [
  claim('rows', /the same on the chain and in the database/, ({ missingRows }) => missingRows === 0),
  claim('rows', /, (\d[\d ]*) are not on the chain/, (_, [rows = '']) => numberOf(rows) === 0),
  claim('rows', /no event (?:of|in) the database|database holds no event|(?<!\d ?)0 events of blocks/, never),
  claim('breakers', /· none open|breakers are closed|all closed/, noneOpen),
  // Behind a question mark, or named so, it is what an old block shows.
  claim(
    'breakers',
    /(?<!\? |in that block: )\b(\w+-\w+):? closed\b(?! →)/,
    ({ open }, [pair = '']) => !open.includes(pair),
  ),
  claim('breakers', /(\w+-\w+):? (?:open already|OPEN\b)/, ({ open }, [pair = '']) => open.includes(pair)),
  claim('breakers', /never tripped/, never),
  claim('pause', /\bnot paused\b(?! →)|\bno pause stops\b/, ({ paused }) => !paused),
  claim('pause', /paused already|(?<!whether the )protocol is paused\b(?! \()/, ({ paused }) => paused),
  claim('role', /which is authorised|is authorised\b|causes authorised/, ({ oracleHolds }) => oracleHolds),
  claim('role', /not authorised|not an authorised oracle/i, ({ oracleHolds }) => !oracleHolds),
  claim('role', /no other account may sign|others: none/, ({ holders }) => holders === 1),
  claim('role', /no account holds/, never),
  claim(
    'signals',
    /all healthy|all pairs are healthy|signals are fresh(?!: no)|the oracle is fresh/,
    isFresh,
  ),
  claim(
    'signals',
    /no signal ever|never signalled|(?<!\d ?)0 signals\b|no signals? (?:seen|since|was ever)/,
    never,
  ),
  claim('signals', /none since block [\d ]+ was sent by|no recent signals/, never),
  claim('signals', /signals? (?:is|are) stale|the oracle is stale/, (truth) => !isFresh(truth)),
  claim('services', /[✔!] (?:service tempovault-)?(api|indexer|oracle) active\b/, isActive),
  claim('services', /tempovault-(api|indexer|oracle) active\b/, isActive),
  claim('services', /((?:tempovault-\w+(?:, )?)+): running/, ({ active }, [units = '']) =>
    units.split(', ').every((unit) => active[unit.replace('tempovault-', '') as Service]),
  ),
  claim(
    'services',
    /· all active|services all active|all active already|✔ every unit that is installed runs/,
    allActive,
  ),
  claim(
    'services',
    /(?:tempovault-|\b)(api|indexer|oracle) (?:is )?(?:inactive|failed|dead|not installed)\b/,
    (truth, groups) => !isActive(truth, groups),
  ),
  claim('processes', /✔ exactly one indexer/, ({ processes }) => processes.indexer === 1),
  claim('processes', /✔ exactly one oracle relay/, ({ processes }) => processes.oracle === 1),
  claim('processes', /no process of the indexer outside/, noOther),
  claim('processes', /[✔!] indexer active .{0,60} none\b/, noOther),
  claim('processes', /process(?: |es )\(?4242/, never),
  claim(
    'indexer',
    /✔ they work/,
    (truth) => truth.lag < 60 && truth.active.api && truth.active.indexer && isFresh(truth),
  ),
  claim('indexer', /indexer: cursor [\d ]+, (\d[\d ]*) blocks? behind/, isLag),
  claim('indexer', /the indexer is (\d[\d ]*) blocks behind/i, isLag),
  claim(
    'backups',
    /sound to its last byte|verified just now|read back and equal|✔ backup tempovault_/,
    ({ backupsSound }) => backupsSound,
  ),
  claim('backups', /no backup in|There is no backup(?! to remove)|backups: none/, never),
  claim('nonce', /transactions? (?:is|are) stuck|pending since/, never),
  claim('contracts', /\bis no contract|no contract at|has no code/i, never),
  claim(
    'funds',
    /cannot pay|too little for|has less than|nothing is free|(?<![\d.])0 AlphaUSD is free|holds no AlphaUSD|has 0 \w+USD\b/,
    never,
  ),
  claim('disk', /[✖!] [^✖✔]{0,60}disk[^✖✔]{0,30} full|(?<![\d.])0 (?:B|bytes) free|no space/, never),
];

/** Says that all is well: true only where it is, and every source was read. */
export const wellClaim = (world: World, nothing: boolean): Claim =>
  claim(
    'well',
    /· ok\b|Nothing is wrong now|nothing is firing|\d+ sources ok/,
    () => world === 'well' && !nothing,
  );

const pair = ['--pair', 'AlphaUSD-pathUSD'];
const recipient = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266';
const all: readonly Source[] = ['rpc', 'database', 'api', 'systemd', 'processes', 'journal', 'disk', 'clock'];
const host: readonly Source[] = ['systemd', 'processes', 'journal', 'clock'];

export const reports: readonly Command[] = [
  { words: ['status'], reads: [...all, 'backups'], isVerdict: true },
  { words: ['monitor'], reads: all, isVerdict: true },
  { words: ['doctor'], reads: all, isVerdict: true },
  { words: ['health'], reads: ['rpc', 'database', 'api'] },
  { words: ['incident', '--since', '10m'], reads: ['rpc', 'database', ...host] },
  { words: ['checklist'], reads: ['rpc', 'systemd', 'journal', 'backups', 'clock'] },
  { words: ['service', 'status'], reads: ['systemd', 'processes'] },
  { words: ['scale', 'check'], reads: all },
  {
    words: ['trace', '$TRANSACTION'],
    reads: ['rpc', 'database'],
    claims: [
      claim(
        'transaction',
        /was reverted|✖ (chain )?reverted|no node knows|not found|was never|unknown transaction/i,
        never,
      ),
      claim('transaction', /has no row|0 rows|no rows? (in|of)|not in the database|not indexed/i, never),
    ],
  },
  { words: ['logs', '--lines', '5'], reads: ['systemd', 'journal'] },
  { words: ['oracle', 'status'], reads: ['rpc', ...host] },
  { words: ['breaker', 'status'], reads: ['rpc'] },
  { words: ['reindex', 'check'], reads: ['rpc', 'database'] },
  { words: ['db', 'backups'], reads: ['backups', 'clock'] },
  { words: ['db', 'verify', '--latest', '--yes'], reads: ['backups', 'disk'] },
  { words: ['db', 'schedule', 'show'], reads: ['systemd'] },
  { words: ['db', 'tune'], reads: ['database', 'disk'] },
];

export const dryRuns: readonly Command[] = [
  {
    words: ['reindex', '--in-place', '--from-block', '2400', '--dry-run'],
    reads: ['rpc', 'database', ...host, 'disk'],
  },
  { words: ['oracle', 'recover', '--dry-run'], reads: ['rpc', ...host] },
  { words: ['oracle', 'fund', '--dry-run'], reads: ['rpc', ...host] },
  { words: ['oracle', 'rotate-key', '--dry-run'], reads: ['rpc', ...host] },
  { words: ['oracle', 'unstick', '--dry-run'], reads: ['rpc', ...host] },
  {
    words: ['oracle', 'revoke-old', '--address', '$ORACLE', '--now', '--dry-run'],
    reads: ['rpc', 'systemd'],
  },
  { words: ['breaker', 'trip', ...pair, '--dry-run'], reads: ['rpc'] },
  { words: ['breaker', 'reset', ...pair, '--dry-run'], reads: ['rpc'] },
  { words: ['emergency', 'shutdown', '--dry-run'], reads: ['rpc', 'systemd', 'processes'] },
  { words: ['emergency', 'resume', '--dry-run'], reads: ['rpc', 'database', ...host] },
  { words: ['emergency', 'unwind', ...pair, '--dry-run'], reads: ['rpc'] },
  {
    words: [
      'emergency',
      'withdraw',
      '--token',
      'AlphaUSD',
      '--amount',
      'max',
      '--to',
      recipient,
      '--dry-run',
    ],
    reads: ['rpc'],
  },
  {
    words: ['db', 'restore', '--latest', '--dry-run'],
    reads: ['database', 'systemd', 'processes', 'disk', 'backups'],
  },
  { words: ['db', 'prune', '--dry-run'], reads: ['backups', 'clock'] },
  { words: ['db', 'vacuum', '--dry-run'], reads: ['database'] },
  { words: ['service', 'restart', 'api', '--dry-run'], reads: [...host, 'rpc', 'database', 'api'] },
  { words: ['service', 'start', 'oracle', '--dry-run'], reads: [...host, 'rpc'] },
  { words: ['service', 'stop', 'indexer', '--dry-run'], reads: ['systemd', 'processes'] },
];

/** A command that changes something: what its last words promise is compared with what is so afterwards. */
export interface Act {
  readonly words: readonly string[];
  readonly reads: readonly Source[];
  /** Where only these lies concern it. */
  readonly lies?: readonly string[];
  readonly world: World;
  /** Whether what it is there for is so. */
  isDone(truth: Truth): boolean;
  /** Brings back what was before. Words of tv. */
  readonly back?: readonly string[];
}

export const acts: readonly Act[] = [
  {
    words: ['breaker', 'trip', '--pair', 'BetaUSD-pathUSD', '--confirm', '$NAME'],
    reads: ['rpc'],
    world: 'well',
    isDone: ({ open }) => open.includes('BetaUSD-pathUSD'),
    back: [
      'breaker',
      'reset',
      '--pair',
      'BetaUSD-pathUSD',
      '--override',
      'stale-oracle',
      '--reason',
      'liars',
      '--confirm',
      '$NAME',
    ],
  },
  {
    words: ['service', 'restart', 'indexer', '--yes'],
    reads: ['systemd', 'processes', 'database'],
    world: 'well',
    isDone: ({ active, lag }) => active.indexer && lag < 20,
  },
  {
    words: ['service', 'start', 'oracle', '--yes'],
    reads: ['systemd', 'processes', 'rpc'],
    world: 'ill',
    isDone: ({ active }) => active.oracle,
    back: ['service', 'stop', 'oracle', '--yes'],
  },
];

/** What no reader of the one source can see through; each with why. */
const activeUnits = ['systemd: says active, no process', 'systemd: says active, process 4242'];
const copies = ['a stale copy', 'event tables empty', 'rows of another chain', 'cursor ahead'];

export const undetectable: readonly Undetectable[] = [
  ...activeUnits.map((lie) => ({
    lie,
    claims: ['services', 'processes'],
    commands: ['oracle', 'emergency', 'db restore', 'service start'],
    reason:
      "only systemd holds the state of a unit, and these screens repeat its word beside the unit's name; what they do is proved by signals, the cursor or processes",
  })),
  {
    lie: 'systemd: says inactive',
    claims: ['services'],
    reason: "only systemd holds the state of a unit; the screens repeat its word beside the unit's name",
  },
  {
    lie: 'rpc: balances zero',
    claims: ['funds'],
    reason:
      'zero is what an empty account has, and no other answer of the node contradicts it; the screens name the account and the token',
  },
  ...copies.map((copy) => ({
    lie: `database: ${copy}`,
    claims: ['rows', 'indexer', 'transaction'],
    reason:
      'the settings name this database, and it is whole in itself; the screens name the blocks compared and the cursor that was read',
  })),
];
