import { dueAt, type OldKey, readOldKeys } from '../../chain/oracle/oldKeys.ts';
import { type KeyAge, readKeyAge } from '../../chain/oracle/readKeyAge.ts';
import { type HeldRole, type Holders, readOracleForm, readRoleHolders } from '../../chain/readRoleHolders.ts';
import { sameAddress } from '../../chain/sameAddress.ts';
import type { Address, ExpectedRole, Settings } from '../../config/settings.ts';
import { someOf } from '../../database/backup/listBackups.ts';
import { areUnreadable } from '../../database/backup/marks.ts';
import { type Advice, onHost } from '../../errors/advice.ts';
import { type Answer, answer, known, unknown } from '../../errors/answer.ts';
import { TvError } from '../../errors/TvError.ts';
import { readUpgradable } from '../../host/readUpgradable.ts';
import { DrillHistory } from '../../journal/drills.ts';
import { surveyRuns } from '../../journal/readRuns.ts';
import { isRunOf } from '../../journal/runState.ts';
import { readOracleKey } from '../../operations/oracle/readOracleKey.ts';
import { RedactingWriter } from '../../output/redactingWriter.ts';
import { Secrets } from '../../output/secrets.ts';
import { ago, count, duration, howMany, localTime } from '../../text/format.ts';
import { judgeKeyAge, skewMs } from '../oracle/keyAge.ts';
import type { SourceReader } from '../sourceReader.ts';
import { backups as backupsSource } from '../sources/backups.ts';
import { certificate as certificateSource } from '../sources/certificate.ts';
import { ofTheChain } from '../sources/chain.ts';
import { withinLimit } from '../withinLimit.ts';
import { accessLogs } from './access.ts';
import type { Evidence, ItemId } from './items.ts';

const dayMs = 86_400_000;
/** Package lists that are older say nothing about what is outdated today. In milliseconds. */
const oldListsMs = 14 * dayMs;
const mostNamed = 10;

interface Proof {
  /** It is read for `tv status` too: in a second, and not from logs. */
  readonly quick: boolean;
  read(reader: SourceReader, mode: { readonly quickly: boolean }): Promise<Evidence>;
}

/** What can be read of an item; of the others only a person knows. */
const proofs: Partial<Record<ItemId, Proof>> = {
  'access-logs': { quick: false, read: ({ ctx }) => accessLogs(ctx) },
  dependencies: { quick: false, read: dependencies },
  backups: { quick: true, read: backups },
  roles: { quick: true, read: roles },
  'oracle-key': { quick: true, read: oracleKey },
  certificates: { quick: true, read: certificates },
  'recovery-test': { quick: false, read: recoveryTest },
};

const byPerson: Evidence = { kind: 'person', words: 'tv can read nothing about it' };

/** Whether there is anything to read about an item. */
export function isReadable(id: ItemId): boolean {
  return proofs[id] !== undefined;
}

/**
 * What can be read about an item now. What fails or is late is `unknown` with its reason.
 * @param limitMs in milliseconds; then only what is read quickly is read at all
 * @throws what is no TvError
 */
export async function evidenceFor(id: ItemId, reader: SourceReader, limitMs?: number): Promise<Evidence> {
  const proof = proofs[id];
  if (proof === undefined || (limitMs !== undefined && !proof.quick)) return byPerson;
  try {
    if (limitMs === undefined) return await proof.read(reader, { quickly: false });
    return await withinLimit(reader.ctx, () => proof.read(reader, { quickly: true }), limitMs);
  } catch (error) {
    if (!(error instanceof TvError)) throw error;
    const { reason } = error.facts;
    const words = error.message.replace(/\.$/, '');
    return { kind: 'unknown', words: reason === undefined ? words : `${words} (${reason})` };
  }
}

/** The newest backup of which a trial restore has succeeded. A backup that was only read is less. */
async function backups(reader: SourceReader): Promise<Evidence> {
  const list = await reader.read(backupsSource);
  const { backups: all, directory } = list;
  const now = reader.ctx.clock.now();
  const verified = all.flatMap(({ name, createdAt, problems, marks: { verified: mark } }) =>
    mark === null ? [] : [{ name, createdAt, ...mark, problems: [...mark.problems, ...problems] }],
  );
  const future = verified.find(({ at }) => Date.parse(at) > now.getTime() + skewMs);
  if (future !== undefined) {
    return { kind: 'unknown', words: `the verification of ${future.name} is dated in the future` };
  }
  const newestFirst = verified.toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at));
  const [newest] = newestFirst;
  if (newest !== undefined && newest.problems.length > 0) {
    return {
      kind: 'contradicted',
      words: `the last verification found problems in ${newest.name}`,
      facts: { problem: newest.problems[0] ?? '', verified: ago(new Date(newest.at), now) },
    };
  }
  const restored = newestFirst.filter(({ how, problems }) => how === 'restored' && problems.length === 0);
  const unread = list.unreadable[0] ?? all.find(({ marks }) => areUnreadable(marks));
  // A restore of an old backup says nothing about those that are made today.
  const [best] = restored.toSorted((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt));
  if (best === undefined && unread !== undefined) {
    return {
      kind: 'unknown',
      words: `${list.unreadable.length > 0 ? '' : 'the marks of '}${unread.name} cannot be read: whether it was verified is unknown`,
    };
  }
  if (best === undefined) {
    const read =
      newest === undefined ? '' : `; ${newest.name} was read to its end ${ago(new Date(newest.at), now)}`;
    return {
      kind: 'shown',
      ...(all.length === 0 ? { next: [{ tv: ['db', 'backup'] }] } : {}),
      words:
        all.length === 0
          ? `no backup in ${directory}`
          : `no trial restore of the ${howMany(all.length, 'backup')} in ${directory}${read}`,
    };
  }
  return {
    kind: 'proven',
    at: new Date(Math.min(Date.parse(best.createdAt), Date.parse(best.at))).toISOString(),
    words: `${best.name} was restored on trial ${ago(new Date(best.at), now)}, without a problem`,
  };
}

async function certificates(reader: SourceReader): Promise<Evidence> {
  const shown = await reader.read(certificateSource);
  if (shown === undefined) {
    return { kind: 'not-set', words: 'api.publicUrl is not set, or is not https: no certificate to read' };
  }
  const { host, issuer, validTo, untrusted } = shown;
  const { certificateDays } = reader.ctx.settings.monitor;
  const now = reader.ctx.clock.now();
  const until = new Date(validTo.getTime() - certificateDays * dayMs);
  const facts = { issuer, 'valid until': localTime(validTo) };
  if (untrusted !== undefined) {
    return {
      kind: 'contradicted',
      words: `the certificate of ${host} is not trusted: ${untrusted}`,
      facts,
      next: [onHost('certbot certificates')],
    };
  }
  if (until <= now) {
    const words = validTo <= now ? 'expired' : 'expires';
    return {
      kind: 'contradicted',
      words: `the certificate of ${host} ${words} ${ago(validTo, now)}`,
      facts,
      next: [onHost('certbot renew')],
    };
  }
  return {
    kind: 'proven',
    ...{ at: null, until: until.toISOString(), facts },
    words: `the certificate of ${host} is trusted, and valid for ${duration(validTo.getTime() - now.getTime())}`,
  };
}

/** When the key of `.env` was authorised, by the event of the chain. */
async function oracleKey(reader: SourceReader): Promise<Evidence> {
  const { ctx } = reader;
  const key = readOracleKey(ctx);
  // Awaited below, if the chain does not fail first.
  key.catch(() => {});
  const age = await ofTheChain(reader, async () => {
    const [{ address: oracle }, authority] = await Promise.all([key, readOracleForm(ctx.chain())]);
    return readKeyAge(ctx.chain(), { oracle, authority, limitMs: ctx.settings.monitor.limitMs / 2 });
  });
  const { address } = await key;
  const { keyMaxAgeDays: maxDays } = ctx.settings.oracle;
  return keyAgeEvidence(address, age, { maxDays, now: ctx.clock.now() });
}

/** Whether the key is younger than the age at which it is to be rotated. */
export function keyAgeEvidence(
  address: Address,
  age: Answer<KeyAge>,
  limits: { readonly maxDays: number; readonly now: Date },
): Evidence {
  const judged = judgeKeyAge(age, limits);
  if (judged.is === 'unknown') return { kind: 'unknown', words: judged.words };
  const { is, since, until } = judged;
  const maxDays = count(limits.maxDays);
  const words = `the key ${address} is ${judged.words}`;
  if (is === 'due') return { kind: 'contradicted', words: `${words}: to be rotated every ${maxDays} days` };
  return is === 'perhaps'
    ? { kind: 'unknown', words: `${words}; whether ${maxDays} days or more is unknown` }
    : { kind: 'proven', at: since.toISOString(), until: until.toISOString(), words };
}

/** The setting that names the expected holders of a role; of ORACLE none, since `.env` holds its key. */
const settingOf: Readonly<Record<HeldRole, ExpectedRole | undefined>> = {
  ADMIN: 'admin',
  DEFAULT_ADMIN: 'admin',
  EMERGENCY: 'emergency',
  RISK_OFFICER: 'riskOfficer',
  TREASURY_MANAGER: 'treasuryManager',
  STRATEGIST: 'strategist',
  VAULT_OWNER: 'vaultOwner',
  ORACLE: undefined,
};

async function roles(reader: SourceReader, { quickly }: { readonly quickly: boolean }): Promise<Evidence> {
  const { ctx } = reader;
  const { roles: expected } = ctx.settings;
  if (quickly && Object.values(expected).every((accounts) => accounts === undefined)) {
    return { kind: 'not-set', words: 'not compared with the chain: roles.… are not set' };
  }
  const [holders, key] = await Promise.all([
    ofTheChain(reader, () => readRoleHolders(ctx.chain())),
    answer(readOracleKey(ctx)),
  ]);
  const old = await answer((async () => readOldKeys(ctx.settings))());
  return compareRoles(pairUp(holders, { expected, key, old, now: ctx.clock.now() }));
}

/** Each role with those who should hold it. */
export function pairUp(
  holders: readonly Holders[],
  {
    expected,
    key,
    old,
    now,
  }: {
    readonly expected: Settings['roles'];
    /** Of `.env`. */
    readonly key: Answer<{ readonly address: Address }>;
    /** Replaced keys that are not revoked yet. */
    readonly old: Answer<readonly OldKey[]>;
    readonly now: Date;
  },
): readonly Comparison[] {
  // An account that should hold something which is not there.
  const absent = (Object.entries(settingOf) as [HeldRole, ExpectedRole | undefined][])
    .filter(([, setting]) => setting !== undefined && (expected[setting]?.length ?? 0) > 0)
    .filter(([, setting]) => !holders.some(({ role }) => settingOf[role] === setting))
    .filter(([role]) => role !== 'DEFAULT_ADMIN')
    .map(([role]) => ({ role, seen: [], all: unknown('the contracts of the settings do not have it') }));
  return [...holders, ...absent].map((held) => {
    const setting = settingOf[held.role];
    if (setting !== undefined) {
      const accounts = expected[setting];
      const expects = accounts === undefined ? undefined : known(accounts);
      return { held, expects, allowed: [], setting: `roles.${setting}` };
    }
    // A replaced key may hold its role for a day. Which those are must be known before one is called a stranger.
    const fading = old.known ? old.value.filter((each) => dueAt(each) > now).map((each) => each.old) : [];
    const expects = !key.known ? key : old.known ? known([key.value.address]) : old;
    return { held, expects, allowed: fading, setting: '.env' };
  });
}

interface Comparison {
  readonly held: Holders;
  /** Undefined where the settings have no such role. */
  readonly expects: Answer<readonly Address[]> | undefined;
  /** They may hold it as well. */
  readonly allowed: readonly Address[];
  readonly setting: string;
}

/** Holders on the chain against those that are expected. A list that is not whole proves nothing, but may contradict. */
export function compareRoles(all: readonly Comparison[]): Evidence {
  const has = (list: readonly Address[], one: Address) => list.some((other) => sameAddress(other, one));
  const differences = all.flatMap(({ held: { role, all: members, seen }, expects, allowed }) => {
    if (expects?.known !== true) return [];
    const extra = seen.filter((one) => !has(expects.value, one) && !has(allowed, one));
    const missing = members.known ? expects.value.filter((one) => !has(members.value, one)) : [];
    return [
      ...extra.map((one) => `${one} holds ${role} and is not expected to`),
      ...missing.map((one) => `${one} is expected to hold ${role} and does not`),
    ];
  });
  const unread = all.flatMap(({ held: { role, all: members }, expects }) => {
    if (expects === undefined) return [];
    const reason = !members.known ? members.reason : expects.known ? undefined : expects.reason;
    return reason === undefined ? [] : [`${role}: ${reason}`];
  });
  const unset = [...new Set(all.flatMap(({ expects, setting }) => (expects === undefined ? [setting] : [])))];
  const facts = Object.fromEntries(
    all.map(({ held: { role, all: members, seen } }) => {
      const named = seen.slice(0, mostNamed).join(', ');
      const more = seen.length > mostNamed ? ` and ${count(seen.length - mostNamed)} more` : '';
      const list = `${named || (members.known ? 'no account' : '')}${more}`;
      return [role, members.known ? list : [list, `unknown: ${members.reason}`].filter(Boolean).join('; ')];
    }),
  );
  if (differences.length > 0) {
    const next: readonly Advice[] = [
      'have the roles changed by an account that holds ADMIN, or correct roles.… in the configuration file',
      { tv: ['config', 'show'] },
    ];
    return { kind: 'contradicted', words: differences.join('; '), facts, next };
  }
  if (unread.length > 0) return { kind: 'unknown', words: unread.join('; '), facts };
  if (unset.length > 0) {
    return { kind: 'not-set', words: `not compared with the chain: ${unset.join(', ')} not set`, facts };
  }
  return { kind: 'proven', at: null, words: `all ${count(all.length)} roles are held as expected`, facts };
}

async function dependencies({ ctx }: SourceReader): Promise<Evidence> {
  const { packages, security, listsOf } = await readUpgradable(ctx.host());
  const now = ctx.clock.now();
  if (listsOf === undefined) {
    return {
      kind: 'unknown',
      words: 'the host has no package list of a security archive, so its security updates are unknown',
      facts: { outdated: howMany(packages.length, 'Debian package') },
    };
  }
  const age = now.getTime() - listsOf.getTime();
  if (age > oldListsMs) {
    return {
      kind: 'unknown',
      words: `a security archive's package list of the host is ${duration(age)} old (apt-get update gets new ones)`,
    };
  }
  const named = (security.length > 0 ? security : packages).slice(0, mostNamed);
  return {
    kind: 'shown',
    words: `${howMany(packages.length, 'Debian package')} outdated, ${count(security.length)} of them with a security update`,
    facts: {
      ...(named.length === 0 ? {} : { [security.length > 0 ? 'security' : 'outdated']: named.join(', ') }),
      'security lists': `published ${ago(listsOf, now)}`,
      'not read': 'Python packages of the services',
    },
  };
}

/** When something was done, and how that is called. */
interface Done {
  /** ISO 8601. */
  readonly at: string;
  readonly words: string;
}

/** A solved drill shows that people can; a trial restore, that the backups can. Both are of this machine. */
async function recoveryTest(reader: SourceReader): Promise<Evidence> {
  const { ctx } = reader;
  const now = ctx.clock.now();
  const history = new DrillHistory(
    ctx.settings.stateDirectory,
    new RedactingWriter(new Secrets()),
    ctx.clock,
  );
  const { intact, problems } = history.verify();
  if (!intact) {
    return { kind: 'unknown', words: `${history.file} was changed or damaged: ${problems[0] ?? ''}` };
  }
  const solved = history.entries().filter(({ outcome }) => outcome === 'solved');
  const drill = newestOf(
    solved.map(({ at, operator }) => ({ at, words: `a drill was solved by ${operator.user}` })),
  );
  const { restore, unread, facts } = await lastTrialRestore(reader);
  if (drill !== undefined && restore === undefined && unread !== undefined) {
    return { kind: 'unknown', words: `whether a backup was restored on trial is unknown: ${unread}` };
  }
  for (const done of [drill, restore]) {
    if (done !== undefined && Date.parse(done.at) > now.getTime() + skewMs)
      return { kind: 'unknown', words: `${done.words} in the future` };
  }
  const inWords = (done: Done | undefined, none: string) =>
    done === undefined ? none : `${done.words} ${ago(new Date(done.at), now)}`;
  const words = [
    inWords(drill, 'no solved drill in the history of this machine'),
    inWords(restore, 'no trial restore'),
  ].join('; ');
  if (drill !== undefined && restore !== undefined) {
    const older = Math.min(Date.parse(drill.at), Date.parse(restore.at));
    return { kind: 'proven', at: new Date(older).toISOString(), words, facts };
  }
  const next: readonly Advice[] = [
    ...(drill === undefined ? [{ tv: ['drill', 'start'] }] : []),
    ...(restore === undefined ? [{ tv: ['db', 'verify', '--latest', '--restore'] }] : []),
    { when: 'where it was tested otherwise', tv: ['checklist', 'done', 'recovery-test', '--note', '…'] },
  ];
  return { kind: 'shown', words, facts, next };
}

/** A verified `tv db restore`, or a backup of which a trial restore found no problem. What cannot be read is named. */
async function lastTrialRestore(reader: SourceReader): Promise<{
  readonly restore: Done | undefined;
  /** Why the marks of the backups could not be read. */
  readonly unread: string | undefined;
  readonly facts: Readonly<Record<string, string>>;
}> {
  const { states, damaged } = surveyRuns(reader.ctx);
  const runs = states
    .filter((state) => isRunOf(state, 'db restore') && state.status === 'verified')
    .map(({ started }) => ({ at: started.at, words: 'a backup was restored' }));
  const trials = await restoredOnTrial(reader);
  return {
    restore: newestOf([...runs, ...(trials.known ? trials.value : [])]),
    unread: trials.known ? undefined : trials.reason,
    facts: {
      ...(damaged.length === 0 ? {} : { 'not read': howMany(damaged.length, 'damaged journal') }),
      ...(trials.known ? {} : { backups: `unknown: ${trials.reason}` }),
    },
  };
}

function restoredOnTrial(reader: SourceReader): Promise<Answer<readonly Done[]>> {
  const read = async () => {
    const { backups: all, unreadable } = await reader.read(backupsSource);
    const found = all.flatMap(({ name, problems, marks: { verified } }) =>
      verified?.how === 'restored' && verified.problems.length + problems.length === 0
        ? [{ at: verified.at, words: `${name} was restored on trial` }]
        : [],
    );
    if (found.length > 0 || unreadable.length === 0) return found;
    throw new TvError(
      'backup.unreadable',
      `This user may not read ${someOf(unreadable.map(({ name }) => name))}.`,
    );
  };
  return answer(read());
}

function newestOf(all: readonly Done[]): Done | undefined {
  return all.toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at))[0];
}
