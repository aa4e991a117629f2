import { expect, it } from 'vitest';
import { type AnyRunbook, buildPlan } from '../../src/engine/engine.ts';
import { registry } from '../../src/registry.generated.ts';
import type { Json } from '../../src/runbook/json.ts';

/**
 * Which facts of each runbook's example an approval rests on: a plan whose id was approved is refused once
 * one of them has changed. Read as an operator would: what is done, to what, by which account. What moves by
 * itself (the head, rows, free space, what pays the fee) is not here.
 */
const restsOn: Readonly<Record<string, string>> = {
  reindex: `
    fromBlock truncate wait indexer.unit indexer.program indexer.wasActive indexer.pollSeconds chain.id
    database.name database.identity database.schema.fingerprint database.keep
    env.file env.before env.after backup.directory
    beside.maintenance.properties.name beside.maintenance.properties.owner
    beside.maintenance.properties.encoding beside.maintenance.properties.collate
    beside.maintenance.properties.ctype beside.maintenance.properties.provider
    beside.maintenance.properties.icuLocale beside.maintenance.properties.tablespace
    beside.maintenance.properties.connectionLimit beside.maintenance.properties.comment
    beside.maintenance.properties.grants`,
  'service restart': 'unit state relay',
  'service start': 'unit state relay',
  'service stop': 'unit state',
  'oracle recover': 'unit oracle',
  'oracle fund': 'chainId oracle funding.token funding.amount sender.role sender.from',
  'oracle unstick': 'chainId unit wasActive oracle nonces.0 pending.0.hash maxFeePerGas maxPriorityFeePerGas',
  'oracle rotate-key': `
    form chainId oldAddress newAddress compromised funding.token funding.amount funding.words
    sender.from unit envFile keystoreOut`,
  'oracle revoke-old': `
    chainId old current intents.0.address intents.0.signature intents.0.args.0 intents.0.role.signer
    sender.from`,
  'db backup': 'form compression directory database.name database.systemIdentifier database.oid tools.cores',
  'db verify': 'backups.0.path backups.0.form backups.0.archive restore',
  'db copy': 'backups.0.path backups.0.name copy.command.0 copy.check.0',
  'db pin': 'path name form reason',
  'db unpin': 'path name form reason',
  'db restore': `
    mode backup.path backup.archive back database.name database.oid
    database.maintenance.properties.name database.maintenance.properties.owner
    database.maintenance.properties.encoding database.maintenance.properties.collate
    database.maintenance.properties.ctype database.maintenance.properties.provider
    database.maintenance.properties.icuLocale database.maintenance.properties.tablespace
    database.maintenance.properties.connectionLimit database.maintenance.properties.comment
    database.maintenance.properties.grants database.maintenance.user database.maintenance.dataDirectory
    services.0.unit services.0.wasActive endSessions tools.cores`,
  'db prune': 'remove.0.path',
  'db schedule install': 'environment files.0.unit files.0.path files.0.text files.0.before timers.0.unit',
  'db schedule remove': 'files.0.unit files.0.path files.0.text timers.0.unit timers.0.wasEnabled',
  'db vacuum': 'database tables.0.schema tables.0.name',
  'db tune': 'database changes.0.name changes.0.from changes.0.to changes.0.before changes.0.restart',
  'monitor install':
    'environment files.0.unit files.0.path files.0.text files.0.before url service.wasActive',
  'monitor remove': 'files.0.unit files.0.path files.0.text service.wasActive service.wasEnabled',
  'scale nginx': 'nginx.configuration file id before inUse',
  'breaker trip': `
    action chainId pairs.0.id intents.0.address intents.0.signature intents.0.args.0 intents.0.data
    intents.0.role.signer sender.from replace`,
  'breaker reset': `
    action chainId pairs.0.id intents.0.address intents.0.signature intents.0.args.0 intents.0.data
    intents.0.role.signer sender.from replace`,
  'emergency shutdown': `
    chainId pause.wanted pause.intent.address pause.intent.signature pause.intent.args.0
    pause.intent.data pause.intent.role.signer pause.sender.from pause.replace
    services.0.id services.0.unit services.0.state`,
  'emergency resume': `
    chainId unpause.intent.address unpause.intent.signature unpause.intent.args.0 unpause.intent.data
    unpause.intent.role.signer unpause.sender.from replace services.0.id services.0.unit
    services.0.active oracle`,
  'emergency unwind': `
    chainId pairs.0.base intents.0.address intents.0.signature intents.0.args.0 intents.0.data
    intents.0.role.signer sender.from replace payout.recipient payout.max payout.withdrawals.0.token.address
    payout.withdrawals.0.intent.address payout.withdrawals.0.intent.signature
    payout.withdrawals.0.intent.role.signer payout.sender.from payout.pause.way
    payout.pause.end.address payout.pause.end.signature payout.pause.end.args.0
    payout.pause.end.role.signer payout.pause.begin.address payout.pause.begin.signature
    payout.pause.begin.args.0 payout.pause.begin.role.signer payout.pause.sender.from payout.replace
    withdrawFirst`,
  'emergency withdraw': `
    chainId recipient max withdrawals.0.token.address withdrawals.0.amount withdrawals.0.intent.address
    withdrawals.0.intent.signature withdrawals.0.intent.args.0 withdrawals.0.intent.role.signer
    sender.from pause.way pause.end.address pause.end.signature pause.end.args.0 pause.end.role.signer
    pause.begin.address pause.begin.signature pause.begin.args.0 pause.begin.role.signer
    pause.sender.from replace`,
};

const runbooks = (
  await Promise.all(registry.map(async ({ command, load }) => [command, (await load()).default] as const))
).flatMap(([command, loaded]) =>
  loaded.kind === 'runbook' ? [[command, loaded as AnyRunbook] as const] : [],
);

it('the table has every runbook', () => {
  expect(Object.keys(restsOn).sort(), 'a new runbook needs its line in `restsOn`, above').toEqual(
    runbooks.map(([command]) => command).sort(),
  );
});

it.each(runbooks)('%s: the plan id changes with these facts, and with no others', (command, runbook) => {
  const { facts, input } = runbook.example;
  const idOf = (changed: Json) =>
    buildPlan({ name: command, runbook }, changed as never, input, 'production').plan.id;
  const before = idOf(facts);
  expect(before).toMatch(/^[0-9a-f]{64}$/);
  const moved = leaves(facts).filter((path) => {
    try {
      return idOf(withMoved(facts, path)) !== before;
    } catch {
      // A time that is none any more: no plan, and so no id that could be approved.
      return false;
    }
  });
  const expected = restsOn[command]?.trim().split(/\s+/) ?? [];
  expect(
    moved.map((path) => path.join('.')),
    'differs from `restsOn`: the plan id rests on `basis`, and on id, command, effect and group of every step',
  ).toEqual(expected);
});

it.each<readonly [string, number | null, boolean]>([
  ['one order filled meanwhile', 11, false],
  ['their number unknown', null, false],
  ['none left', 0, true],
])('emergency unwind, 12 orders approved, %s: another plan %s', (_, orders, differs) => {
  const [, runbook] = runbooks.find(([command]) => command === 'emergency unwind') ?? [];
  if (runbook === undefined) throw new Error('no such runbook');
  const { facts, input } = runbook.example;
  const idOf = (changed: unknown) =>
    buildPlan({ name: 'emergency unwind', runbook }, changed as never, input, 'production').plan.id;
  const pairs = (facts['pairs'] as readonly Record<string, Json>[]).map((pair) => ({ ...pair, orders }));
  expect(idOf({ ...facts, pairs }) !== idOf(facts)).toBe(differs);
});

/** Paths of all values; of a list those of its first entry. */
function leaves(value: Json, path: readonly string[] = []): readonly (readonly string[])[] {
  if (Array.isArray(value)) return value.length === 0 ? [] : leaves(value[0] as Json, [...path, '0']);
  if (value === null || typeof value !== 'object') return [path];
  return Object.entries(value).flatMap(([key, each]) => leaves(each, [...path, key]));
}

/** The same facts with one value changed into another of its kind. */
function withMoved(value: Json, [head, ...rest]: readonly string[]): Json {
  if (head === undefined) return movedValue(value);
  if (Array.isArray(value)) return value.with(Number(head), withMoved(value[Number(head)] as Json, rest));
  const object = value as Readonly<Record<string, Json>>;
  return { ...object, [head]: withMoved(object[head] as Json, rest) };
}

function movedValue(value: Json): Json {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value + 1;
  // Also where it is the place of an address, which a plan encodes.
  if (value === null) return `0x${'1'.repeat(40)}`;
  const text = String(value);
  if (/^\d+$/.test(text)) return `${text}1`;
  // In lower case: of another address the checksum is another one, too.
  if (/^0x[0-9a-f]+$/i.test(text)) {
    return `${text.slice(0, -1)}${text.endsWith('1') ? '2' : '1'}`.toLowerCase();
  }
  return `${text}x`;
}
