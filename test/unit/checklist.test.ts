import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import done from '../../runbooks/checklist/done.ts';
import checklistReport from '../../runbooks/checklist.ts';
import type { Holders } from '../../src/chain/readRoleHolders.ts';
import type { Address, Settings } from '../../src/config/settings.ts';
import { type Answer, known, unknown } from '../../src/errors/answer.ts';
import { TvError } from '../../src/errors/TvError.ts';
import loginCounter from '../../src/host/countFailedLogins.awk';
import upgradable from '../../src/host/listUpgradable.sh';
import { type AccessLog, parseAccessCounts, readAccessLog } from '../../src/host/readAccessLog.ts';
import { parseFailedLogins, readFailedLogins } from '../../src/host/readFailedLogins.ts';
import { parseUpgradable, readUpgradable } from '../../src/host/readUpgradable.ts';
import { DrillHistory } from '../../src/journal/drills.ts';
import { thisOperator } from '../../src/journal/operator.ts';
import { describeAccess } from '../../src/observe/checklist/access.ts';
import { compareRoles, evidenceFor, keyAgeEvidence, pairUp } from '../../src/observe/checklist/evidence.ts';
import { type Evidence, type ItemId, itemIds } from '../../src/observe/checklist/items.ts';
import { addMonths, judgeItem, type Records, readRecords } from '../../src/observe/checklist/judge.ts';
import { renderItem } from '../../src/observe/checklist/render.ts';
import { type Source, SourceReader } from '../../src/observe/sourceReader.ts';
import { backups as backupsSource } from '../../src/observe/sources/backups.ts';
import { certificate as certificateSource } from '../../src/observe/sources/certificate.ts';
import { checklist as checklistSource } from '../../src/observe/sources/checklist.ts';
import { RedactingWriter } from '../../src/output/redactingWriter.ts';
import { Secrets } from '../../src/output/secrets.ts';
import type { CommandOutput, Context } from '../../src/runbook/context.ts';
import type { ActionContext } from '../../src/runbook/define.ts';
import { fakeOutput, type SceneOptions, startScene, temporaryState } from '../support/fakes.ts';
import { colourPaint, plainPaint } from '../support/paint.ts';

const now = new Date('2026-11-23T03:12:00.000Z');
const person: Evidence = { kind: 'person', words: 'nothing to read' };
const lost: Evidence = { kind: 'unknown', words: 'no answer within 2 s' };

const recordAt = (at: string) => ({ seq: 1, at, by: 'anna@vault-1', note: 'done', evidence: null });
const records = (newest: Records['newest'] = {}): Answer<Records> =>
  known({ newest, total: Object.keys(newest).length });

describe('the state of an item', () => {
  const last = (at: string, id: ItemId): Answer<Records> => records({ [id]: recordAt(at) });

  it.each<readonly [string, ItemId, Answer<Records>, Evidence, string, string | null]>([
    ['never recorded, nothing to read → due', 'contract-audit', records(), person, 'due', null],
    [
      'recorded within the month → recorded, due a month later',
      'access-logs',
      last('2026-11-01T00:00:00.000Z', 'access-logs'),
      person,
      'recorded',
      '2026-12-01T00:00:00.000Z',
    ],
    [
      'recorded in the last second of the period → recorded',
      'access-logs',
      last('2026-10-23T03:12:01.000Z', 'access-logs'),
      person,
      'recorded',
      '2026-11-23T03:12:01.000Z',
    ],
    [
      'recorded exactly a month ago → due',
      'access-logs',
      last('2026-10-23T03:12:00.000Z', 'access-logs'),
      person,
      'due',
      '2026-11-23T03:12:00.000Z',
    ],
    [
      'quarterly: two months ago → recorded',
      'penetration-test',
      last('2026-09-20T00:00:00.000Z', 'penetration-test'),
      person,
      'recorded',
      '2026-12-20T00:00:00.000Z',
    ],
    [
      'a log that could not be read says nothing against a review → still due',
      'access-logs',
      records(),
      lost,
      'due',
      null,
    ],
    ['what decides could not be read, never recorded → unknown', 'roles', records(), lost, 'unknown', null],
    [
      'what decides could not be read, record too old → unknown, not due and not done',
      'backups',
      last('2026-09-01T00:00:00.000Z', 'backups'),
      lost,
      'unknown',
      '2026-10-01T00:00:00.000Z',
    ],
    [
      'what decides could not be read, recorded in time → recorded, not proven',
      'backups',
      last('2026-11-20T00:00:00.000Z', 'backups'),
      lost,
      'recorded',
      '2026-12-20T00:00:00.000Z',
    ],
    [
      'contradicted → due, whatever is recorded',
      'oracle-key',
      last('2026-11-22T00:00:00.000Z', 'oracle-key'),
      { kind: 'contradicted', words: 'the key is 120 days old' },
      'due',
      null,
    ],
    [
      'proven of a day in the past → due a period after that day',
      'backups',
      records(),
      { kind: 'proven', words: 'restored', at: '2026-11-10T00:00:00.000Z' },
      'proven',
      '2026-12-10T00:00:00.000Z',
    ],
    [
      'a proof of six weeks ago → due since then',
      'backups',
      records(),
      { kind: 'proven', words: 'restored', at: '2026-10-10T00:00:00.000Z' },
      'due',
      '2026-11-10T00:00:00.000Z',
    ],
    [
      'an old proof and a new record → recorded',
      'backups',
      last('2026-11-20T00:00:00.000Z', 'backups'),
      { kind: 'proven', words: 'restored', at: '2026-10-10T00:00:00.000Z' },
      'recorded',
      '2026-12-20T00:00:00.000Z',
    ],
    [
      'true now → proven for a month',
      'roles',
      records(),
      { kind: 'proven', words: 'as expected', at: null },
      'proven',
      '2026-12-23T03:12:00.000Z',
    ],
    [
      'a proof with an end of its own → due at that end, also where a record lasts longer',
      'certificates',
      last('2026-11-22T00:00:00.000Z', 'certificates'),
      { kind: 'proven', words: 'valid', at: null, until: '2026-12-01T00:00:00.000Z' },
      'proven',
      '2026-12-01T00:00:00.000Z',
    ],
    [
      'no setting to compare with → a person has to',
      'roles',
      records(),
      { kind: 'not-set', words: 'roles.admin not set' },
      'due',
      null,
    ],
    [
      'records that cannot be used → unknown',
      'contract-audit',
      unknown('checklist.jsonl was changed'),
      person,
      'unknown',
      null,
    ],
    [
      'records that cannot be used, but proven → proven',
      'backups',
      unknown('checklist.jsonl was changed'),
      { kind: 'proven', words: 'restored', at: '2026-11-10T00:00:00.000Z' },
      'proven',
      '2026-12-10T00:00:00.000Z',
    ],
  ])('%s', (_, id, recorded, evidence, state, due) => {
    expect(judgeItem(id, recorded, evidence, now)).toMatchObject({ state, due });
  });

  it.each([
    ['2026-01-31T10:00:00.000Z', 1, '2026-02-28T10:00:00.000Z'],
    ['2028-01-31T10:00:00.000Z', 1, '2028-02-29T10:00:00.000Z'],
    ['2026-11-30T10:00:00.000Z', 3, '2027-02-28T10:00:00.000Z'],
    ['2026-12-15T10:00:00.000Z', 12, '2027-12-15T10:00:00.000Z'],
  ])('%s and %i months', (from, months, to) => {
    expect(addMonths(new Date(from), months).toISOString()).toBe(to);
  });
});

const account = (digit: string): Address => `0x${digit.repeat(40)}`;

describe('role holders against the settings', () => {
  const held = (role: Holders['role'], ...all: readonly Address[]): Holders => ({
    ...{ role, seen: all },
    all: known(all),
  });
  const compared = (
    holders: Holders,
    expects: readonly Address[] | string | undefined,
    allowed: readonly Address[] = [],
  ) => ({
    ...{ held: holders, allowed, setting: 'roles.x' },
    expects:
      expects === undefined ? undefined : typeof expects === 'string' ? unknown(expects) : known(expects),
  });
  const cut = (role: Holders['role'], ...seen: readonly Address[]): Holders => ({
    ...{ role, seen },
    all: unknown('could not read 1 of 2 role members'),
  });

  it.each<readonly [string, Parameters<typeof compareRoles>[0], Evidence['kind'], RegExp]>([
    [
      'all as expected, in any spelling',
      [
        compared(held('ADMIN', account('a')), [account('A')]),
        compared(held('ORACLE', account('b')), [account('b')]),
      ],
      'proven',
      /^all 2 roles/,
    ],
    ['nobody holds it, and nobody should', [compared(held('STRATEGIST'), [])], 'proven', /^all 1 roles/],
    [
      'one more than expected',
      [compared(held('ADMIN', account('a'), account('b')), [account('a')])],
      'contradicted',
      /^0xb+ holds ADMIN and is not expected to$/,
    ],
    [
      'one is missing',
      [compared(held('ADMIN'), [account('a')])],
      'contradicted',
      /^0xa+ is expected to hold ADMIN and does not$/,
    ],
    [
      'a replaced oracle key within its day',
      [compared(held('ORACLE', account('a'), account('b')), [account('a')], [account('b')])],
      'proven',
      /./,
    ],
    [
      'a list with a gap and a stranger in what was read → the stranger counts',
      [compared(cut('ADMIN', account('b')), [account('a')])],
      'contradicted',
      /^0xb+ holds ADMIN and is not expected to$/,
    ],
    [
      'a list with a gap, all that was read is expected → unknown, and nobody is called missing',
      [compared(cut('ADMIN', account('a')), [account('a'), account('b')])],
      'unknown',
      /^ADMIN: could not read 1 of 2/,
    ],
    [
      'the key of .env cannot be read',
      [compared(held('ORACLE', account('a')), 'ORACLE_PRIVATE_KEY is not set in .env')],
      'unknown',
      /^ORACLE: ORACLE_PRIVATE_KEY is not set/,
    ],
    [
      'one role without a setting → not proven, although the other fits',
      [
        compared(held('ADMIN', account('a')), [account('a')]),
        compared(held('EMERGENCY', account('b')), undefined),
      ],
      'not-set',
      /roles\.x not set/,
    ],
  ])('%s', (_, all, kind, words) => {
    const found = compareRoles(all);
    expect(found.kind).toBe(kind);
    expect(found.words).toMatch(words);
  });
});

describe('who should hold a role', () => {
  const day = (text: string) => new Date(`${text}T00:00:00.000Z`).toISOString();
  const old = (address: Address, replacedAt: string) => ({
    ...{ old: address, replacedBy: account('e'), run: 'r1' },
    replacedAt,
  });
  const judged = (more: Partial<Parameters<typeof pairUp>[1]>, ...oracles: readonly Address[]) =>
    compareRoles(
      pairUp([{ role: 'ORACLE', all: known(oracles), seen: oracles }], {
        expected: {} as Settings['roles'],
        key: known({ address: account('e') }),
        old: known([]),
        now,
        ...more,
      }),
    );

  it.each<readonly [string, Evidence, Evidence['kind'], RegExp]>([
    ['the key of .env alone', judged({}, account('e')), 'proven', /./],
    [
      'with it one that was replaced more than a day ago',
      judged({ old: known([old(account('d'), day('2026-11-22'))]) }, account('e'), account('d')),
      'contradicted',
      /0xd+ holds ORACLE/,
    ],
    [
      'with it one that was replaced within a day',
      judged({ old: known([old(account('d'), '2026-11-22T20:00:00.000Z')]) }, account('e'), account('d')),
      'proven',
      /./,
    ],
    [
      'the list of replaced keys cannot be read → nobody is called a stranger',
      judged({ old: unknown('the list is damaged') }, account('e'), account('d')),
      'unknown',
      /^ORACLE: the list is damaged$/,
    ],
    [
      'the settings name a role that the contracts do not have',
      judged({ expected: { vaultOwner: [account('f')] } as unknown as Settings['roles'] }, account('e')),
      'unknown',
      /^VAULT_OWNER: the contracts of the settings do not have it$/,
    ],
    [
      'nobody should hold it, and the contracts do not have it',
      judged({ expected: { strategist: [] } as unknown as Settings['roles'] }, account('e')),
      'proven',
      /./,
    ],
  ])('%s', (_, found, kind, words) => {
    expect(found).toMatchObject({ kind, words: expect.stringMatching(words) });
  });
});

/** A context of `tv checklist` with answers of its host by a word of the command. */
function contextWith(
  more: Omit<Partial<Context>, 'settings'> & { readonly settings?: object },
  answers: Readonly<Record<string, Partial<CommandOutput> | Error>> = {},
): Context {
  const run = async (command: readonly string[]): Promise<CommandOutput> => {
    const text = command.join(' ');
    const [, found] = Object.entries(answers).find(([word]) => text.includes(word)) ?? [];
    if (found === undefined) throw new TvError('host.timeout', `no answer to ${command[0]}`);
    if (found instanceof Error) throw found;
    return { exitCode: 0, stdout: '', stderr: '', ...found };
  };
  const settings = {
    environment: 'production',
    sandbox: false,
    backup: { directory: '/backup' },
    api: { publicUrl: undefined, timeoutMs: 100 },
    host: { accessLog: '/var/log/nginx/access.log', envFile: '/srv/.env' },
    monitor: { limitMs: 300, certificateDays: 14 },
    oracle: { keyMaxAgeDays: 90 },
    roles: {},
    ...more.settings,
  };
  return {
    clock: { now: () => now, sleep: async () => {} },
    host: () => ({ prefix: [], run }),
    chain: () => {
      throw new TvError('chain.node-unreachable', 'The RPC node is away.');
    },
    ...more,
    settings: settings as unknown as Settings,
  } as unknown as Context;
}

/** A reading in which one source returns this. */
function lookWith<T>(source: Source<T>, value: unknown): SourceReader {
  const look = new SourceReader(contextWith({}));
  const read = async (one: unknown) => (one === source ? value : Promise.reject(new Error('not foreseen')));
  return { ctx: look.ctx, read } as unknown as SourceReader;
}

describe('the certificate', () => {
  const until = (validTo: string, untrusted?: string) => ({
    ...{ host: 'api.example', issuer: 'R11', untrusted },
    validTo: new Date(validTo),
  });
  it.each<readonly [string, object | undefined, Partial<Evidence>]>([
    ['no https URL in the settings', undefined, { kind: 'not-set' }],
    [
      'valid for months → proven until 14 days before its end',
      until('2027-01-20T00:00:00.000Z'),
      { kind: 'proven', at: null, until: '2027-01-06T00:00:00.000Z' },
    ],
    [
      'expires within 14 days',
      until('2026-12-05T00:00:00.000Z'),
      { kind: 'contradicted', words: 'the certificate of api.example expires in 11d 20h' },
    ],
    ['expired', until('2026-11-20T00:00:00.000Z'), { kind: 'contradicted' }],
    [
      'valid for months and not trusted',
      until('2027-01-20T00:00:00.000Z', 'self-signed'),
      { kind: 'contradicted', words: 'the certificate of api.example is not trusted: self-signed' },
    ],
  ])('%s', async (_, shown, expected) => {
    expect(await evidenceFor('certificates', lookWith(certificateSource, shown))).toMatchObject(expected);
  });
});

describe('the age of the oracle key', () => {
  const ofDay = (kind: 'since' | 'before', day: string) =>
    known({ kind, at: Date.parse(`${day}T00:00:00.000Z`) / 1000, block: 1_234 });
  const secondsAgo = (seconds: number) =>
    known({ kind: 'since' as const, at: now.getTime() / 1000 - seconds, block: 1_234 });
  it.each<readonly [string, Parameters<typeof keyAgeEvidence>[1], Partial<Evidence>]>([
    [
      'authorised 22 days ago → proven for 90 days from then',
      ofDay('since', '2026-11-01'),
      {
        ...{ kind: 'proven', at: '2026-11-01T00:00:00.000Z', until: '2027-01-30T00:00:00.000Z' },
        words: `the key ${account('a')} is 22 days old, authorised in block 1 234`,
      },
    ],
    ['authorised 91 days ago', ofDay('since', '2026-08-24'), { kind: 'contradicted' }],
    ['authorised 90 days ago, to the second', secondsAgo(90 * 86_400), { kind: 'contradicted' }],
    ['authorised a second later', secondsAgo(90 * 86_400 - 1), { kind: 'proven' }],
    ['older than 91 days, how much is not known', ofDay('before', '2026-08-24'), { kind: 'contradicted' }],
    [
      'older than 22 days, how much is not known → no proof',
      ofDay('before', '2026-11-01'),
      { kind: 'unknown', words: expect.stringMatching(/^the key .* is at least 22 days old/) },
    ],
    ['the node does not serve the event', unknown('history pruned'), { kind: 'unknown' }],
    ['a block of next week', ofDay('since', '2026-11-30'), { kind: 'unknown' }],
  ])('%s', (_, age, expected) => {
    expect(keyAgeEvidence(account('a'), age, { maxDays: 90, now })).toMatchObject(expected);
  });
});

describe('trial restores', () => {
  const backup = (
    name: string,
    createdAt: string,
    verified: object | null,
    problems: readonly string[] = [],
  ) => ({
    ...{ name, path: `/backup/${name}`, form: 'directory', archive: 'data', bytes: 1, manifest: null },
    ...{ createdAt, problems, marks: { verified, pinned: null } },
  });
  const restored = (at: string, problems: readonly string[] = []) => ({ at, how: 'restored', problems });
  const read = (at: string) => ({ at, how: 'read', problems: [] });

  it.each<readonly [string, readonly object[], Partial<Evidence>]>([
    ['no backup at all', [], { kind: 'shown', words: 'no backup in /backup' }],
    ['one that was never verified', [backup('a', '2026-11-20T00:00:00.000Z', null)], { kind: 'shown' }],
    [
      'read to its end only → no proof',
      [backup('a', '2026-11-20T00:00:00.000Z', read('2026-11-21T00:00:00.000Z'))],
      { kind: 'shown' },
    ],
    [
      'restored → proven, as of the backup',
      [backup('a', '2026-11-20T00:00:00.000Z', restored('2026-11-21T00:00:00.000Z'))],
      { kind: 'proven', at: '2026-11-20T00:00:00.000Z' },
    ],
    [
      'an old backup, restored yesterday → proves the old one only',
      [backup('a', '2026-03-20T00:00:00.000Z', restored('2026-11-22T00:00:00.000Z'))],
      { kind: 'proven', at: '2026-03-20T00:00:00.000Z' },
    ],
    [
      'the last verification found problems, an earlier one none',
      [
        backup('a', '2026-11-20T00:00:00.000Z', restored('2026-11-21T00:00:00.000Z', ['3 rows are missing'])),
        backup('b', '2026-11-10T00:00:00.000Z', restored('2026-11-11T00:00:00.000Z')),
      ],
      { kind: 'contradicted', words: 'the last verification found problems in a' },
    ],
    [
      'damaged since it was verified',
      [
        backup('a', '2026-11-20T00:00:00.000Z', restored('2026-11-21T00:00:00.000Z'), [
          'its data is missing',
        ]),
      ],
      { kind: 'contradicted' },
    ],
    [
      'a mark of tomorrow',
      [backup('a', '2026-11-20T00:00:00.000Z', restored('2026-11-24T00:00:00.000Z'))],
      { kind: 'unknown', words: 'the verification of a is dated in the future' },
    ],
  ])('%s', async (_, backups, expected) => {
    const list = {
      directory: '/backup',
      backups,
      leftovers: [],
      unusable: [],
      unreadable: [],
      unsupported: [],
    };
    const found = evidenceFor('backups', lookWith(backupsSource, list));
    expect(await found).toMatchObject(expected);
  });

  it('a folder that cannot be read → unknown with its reason, never "no backup"', async () => {
    const denied = { exitCode: 1, stderr: 'Permission denied' };
    const ctx = contextWith({}, { bash: denied });
    expect(await evidenceFor('backups', new SourceReader(ctx))).toEqual({
      kind: 'unknown',
      words: 'The backup folder cannot be read (Permission denied)',
    });
  });
});

describe('the disaster recovery test', () => {
  let state: ReturnType<typeof temporaryState>;
  beforeEach(() => {
    state = temporaryState();
  });
  afterEach(() => state.remove());

  const restoredAt = (at: string, problems: readonly string[] = []) => ({
    ...{ name: 'b1', createdAt: '2026-01-01T00:00:00.000Z', problems: [] },
    marks: { verified: { at, how: 'restored', problems }, pinned: null },
  });

  /** Drills that ended on these days, and backups. */
  async function evidence(
    drills: readonly (readonly [at: string, outcome: 'solved' | 'unsolved' | 'interrupted'])[],
    backups: readonly unknown[] | TvError,
  ): Promise<Evidence> {
    for (const [at, outcome] of drills) {
      const clock = { now: () => new Date(at), sleep: async () => {} };
      await new DrillHistory(state.directory, new RedactingWriter(new Secrets()), clock).append({
        ...{ operator: { ...thisOperator(), user: 'anna' }, drill: at, seed: 1, minutes: 30 },
        ...{ startedAt: at, lasted: 60, outcome, score: null },
      });
    }
    const { runs } = startScene(state.directory).engine.ctx;
    const { ctx } = new SourceReader(contextWith({ runs, settings: { stateDirectory: state.directory } }));
    const read = async () => {
      if (backups instanceof TvError) throw backups;
      return { directory: '/backup', backups, unreadable: [] };
    };
    return evidenceFor('recovery-test', { ctx, read } as unknown as SourceReader);
  }

  const march = '2026-03-01T00:00:00.000Z';
  const may = '2026-05-01T00:00:00.000Z';
  const away = new TvError('file.missing', 'The backup folder is away.');

  it.each<
    readonly [string, Parameters<typeof evidence>[0], Parameters<typeof evidence>[1], Partial<Evidence>]
  >([
    [
      'a solved drill and a trial restore → proven, since the older',
      [[may, 'solved']],
      [restoredAt(march)],
      { kind: 'proven', at: march },
    ],
    [
      'a later drill that was not solved takes nothing away',
      [
        [march, 'solved'],
        [may, 'unsolved'],
      ],
      [restoredAt(may)],
      { kind: 'proven', at: march },
    ],
    [
      'a drill alone → shown',
      [[may, 'solved']],
      [],
      { kind: 'shown', words: expect.stringContaining('no trial restore') },
    ],
    [
      'a trial restore alone → shown',
      [],
      [restoredAt(may)],
      { kind: 'shown', words: expect.stringContaining('no solved drill') },
    ],
    [
      'a drill that was not solved → shown',
      [
        [may, 'unsolved'],
        [may, 'interrupted'],
      ],
      [restoredAt(may)],
      { kind: 'shown' },
    ],
    [
      'a trial restore with problems → shown',
      [[may, 'solved']],
      [restoredAt(may, ['rows differ'])],
      { kind: 'shown' },
    ],
    ['backups that cannot be read → unknown', [[may, 'solved']], away, { kind: 'unknown' }],
    [
      'a drill in the future → unknown',
      [['2027-01-01T00:00:00.000Z', 'solved']],
      [restoredAt(may)],
      { kind: 'unknown' },
    ],
  ])('%s', async (_, drills, backups, expected) => {
    expect(await evidence(drills, backups)).toMatchObject(expected);
  });

  it('a history that was changed → unknown', async () => {
    await evidence([[may, 'unsolved']], []);
    const file = join(state.directory, 'drills.jsonl');
    writeFileSync(file, readFileSync(file, 'utf8').replace('unsolved', 'solved'));
    expect(await evidence([], [restoredAt(may)])).toMatchObject({
      kind: 'unknown',
      words: expect.stringContaining('changed after it was written'),
    });
  });
});

describe('the access log', () => {
  const log = (more: Partial<AccessLog> = {}): AccessLog => ({
    current: { requests: 1_000, sources: 20, byClass: { 2: 900, 4: 100 } },
    before: { requests: 900, sources: 18, byClass: { 2: 820, 4: 80 } },
    top: [{ source: '10.0.0.1', count: 500, before: 450 }],
    oldest: new Date('2026-08-01T00:00:00.000Z'),
    newest: new Date('2026-11-23T00:00:00.000Z'),
    ...{ lines: 2_000, unparsed: 0 },
    ...more,
  });

  it.each<readonly [string, Partial<AccessLog>, boolean, string]>([
    ['as the month before', {}, true, 'no count is unusual compared with the month before'],
    [
      'three times as many errors',
      { current: { requests: 1_200, sources: 20, byClass: { 2: 900, 5: 300 } } },
      true,
      '5xx answers grew from 0 to 300',
    ],
    [
      'an address that was not there before',
      { top: [{ source: '10.9.9.9', count: 400, before: 0 }] },
      true,
      '10.9.9.9 is new, with 400 requests',
    ],
    [
      'a log that begins within the month before → no comparison',
      { oldest: new Date('2026-11-10T00:00:00.000Z') },
      false,
      'the access log begins 2026-11-10: it cannot be compared with the month before',
    ],
    [
      'a tenth of the requests',
      { current: { requests: 90, sources: 9, byClass: { 2: 90 } }, top: [] },
      true,
      'requests fell from 900 to 90',
    ],
    [
      'a log that has fallen silent',
      {
        current: { requests: 0, sources: 0, byClass: {} },
        ...{ top: [], newest: new Date('2026-10-20T00:00:00.000Z') },
      },
      false,
      'the access log has no line after 2026-10-20: no request came, or they are logged elsewhere',
    ],
    [
      'a newest line of some days ago',
      { newest: new Date('2026-11-20T00:00:00.000Z') },
      false,
      'the access log has no line after 2026-11-20: no request came, or they are logged elsewhere',
    ],
    ['an empty log', { oldest: undefined, lines: 0 }, false, 'the access log is empty'],
    [
      'another format',
      { oldest: undefined, lines: 10, unparsed: 10 },
      false,
      '10 of 10 lines of the access log are not in the combined format',
    ],
  ])('%s', (_, more, isKnown, words) => {
    expect(describeAccess(log(more), now)).toMatchObject({ known: isKnown, words });
  });

  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tv-access-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));
  const count = (file: string) =>
    readAccessLog(
      {
        prefix: [],
        run: async ([program = '', ...words]) => {
          const { status, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8' });
          return { exitCode: status ?? -1, stdout, stderr };
        },
      },
      { path: file, now },
    );
  const request = (day: string, status: number, source = '10.0.0.1', agent = 'curl') =>
    `${source} - - [${day}:10:00:00 +0000] "GET /x?q=\\x22 HTTP/1.1" ${status} 12 "-" "${agent}"\n`;

  it('counts the log with its rotated and compressed parts, by window; hostile fields do not shift it', async () => {
    const file = join(directory, 'access.log');
    writeFileSync(
      file,
      [
        request('23/Nov/2026', 200),
        request('25/Oct/2026', 404, '10.0.0.2', 'a\\" 500 \\"b'),
        request('24/Oct/2026', 500),
        'GET [23/Nov/2026:10:00:00 +0000] not a request\n',
      ].join(''),
    );
    writeFileSync(`${file}.1`, request('25/Sep/2026', 200) + request('24/Sep/2026', 200));
    const old = join(directory, 'old');
    writeFileSync(old, request('29/Feb/2024', 200));
    writeFileSync(`${file}.2.gz`, execFileSync('gzip', ['-c', old]));
    expect(await count(file)).toEqual({
      current: { requests: 2, sources: 2, byClass: { 2: 1, 4: 1 } },
      before: { requests: 2, sources: 1, byClass: { 2: 1, 5: 1 } },
      top: expect.arrayContaining([
        { source: '10.0.0.1', count: 1, before: 2 },
        { source: '10.0.0.2', count: 1, before: 0 },
      ]),
      oldest: new Date('2024-02-29T00:00:00.000Z'),
      newest: new Date('2026-11-23T00:00:00.000Z'),
      lines: 7,
      unparsed: 1,
    });
  });

  it('no log, a damaged part, an output that was cut off → an error, never a count', async () => {
    const file = join(directory, 'access.log');
    await expect(count(file)).rejects.toMatchObject({ code: 'file.missing' });
    writeFileSync(file, request('23/Nov/2026', 200));
    writeFileSync(`${file}.1.gz`, 'no gzip');
    await expect(count(file)).rejects.toMatchObject({ code: 'host.unreadable-answer' });
    expect(parseAccessCounts('lines 3\nunparsed 0\noldest 20000\n')).toBeUndefined();
  });

  it.each<readonly [string, Partial<CommandOutput>, string, RegExp]>([
    [
      'a part',
      { exitCode: 23, stderr: '/srv/access.log.1\n' },
      'file.unreadable',
      /access\.log\.1 may not be read/,
    ],
    [
      'its folder',
      { exitCode: 22, stderr: 'ls: x: Permission denied\n' },
      'file.unreadable',
      /Permission denied/,
    ],
  ])('%s may not be read → an error, not "there is no log"', async (_, output, code, message) => {
    const host = contextWith({}, { sh: output }).host();
    await expect(readAccessLog(host, { path: '/srv/access.log', now })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });
});

describe('failed logins', () => {
  const since = new Date('2026-10-24T00:00:00.000Z');
  const read = (output: Partial<CommandOutput>) =>
    readFailedLogins(contextWith({}, { 'sshd-session': output }).host(), { since });

  it('several lines about one connection count once; the name that a caller gives does not count as a source', () => {
    const lines = [
      'Invalid user 9.9.9.9 port 1 from 10.0.0.1 port 55',
      'Failed password for invalid user 9.9.9.9 port 1 from 10.0.0.1 port 55 ssh2',
      'Connection closed by invalid user x 10.0.0.1 port 56 [preauth]',
      'Failed password for root from 2001:db8::1 port 7 ssh2',
      'Accepted publickey for anna from 10.0.0.7 port 9 ssh2: ED25519 SHA256:x',
    ].join('\n');
    const output = execFileSync('awk', [loginCounter], { input: `${lines}\n`, encoding: 'utf8' });
    expect(parseFailedLogins(`begins 1790000000.5\n${output}`)).toEqual({
      failed: 3,
      sources: 2,
      top: [
        { source: '10.0.0.1', count: 2 },
        { source: '2001:db8::1', count: 1 },
      ],
      begins: new Date(1_790_000_000_500),
    });
  });

  const counted = (...lines: readonly string[]) => {
    const output = execFileSync('awk', [loginCounter], { input: `${lines.join('\n')}\n`, encoding: 'utf8' });
    const { failed, top } = parseFailedLogins(`begins 1790000000\n${output}`) ?? {};
    return [failed, top?.map(({ source, count }) => `${source} ${count}`)];
  };

  it.each<readonly [string, ...string[]]>([
    [
      'wrong passwords until the client gives up',
      'pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.7  user=root',
      'Failed password for root from 203.0.113.7 port 50112 ssh2',
      'error: PAM: Authentication failure for root from 203.0.113.7',
      'Received disconnect from 203.0.113.7 port 50112:11: Bye Bye [preauth]',
      'Disconnected from authenticating user root 203.0.113.7 port 50112 [preauth]',
    ],
    [
      'only the end, as with PasswordAuthentication no',
      'Disconnected from authenticating user root 203.0.113.7 port 50112 [preauth]',
    ],
    [
      'an account that does not exist',
      'Invalid user admin from 203.0.113.7 port 50112',
      'pam_unix(sshd:auth): check pass; user unknown',
      'Failed none for invalid user admin from 203.0.113.7 port 50112 ssh2',
      'Disconnected from invalid user admin 203.0.113.7 port 50112 [preauth]',
    ],
    [
      'the connection is closed before an answer',
      'Connection closed by authenticating user tempovault 203.0.113.7 port 50112 [preauth]',
    ],
    [
      'the connection is reset',
      'Connection reset by authenticating user root 203.0.113.7 port 50112 [preauth]',
    ],
    [
      'too many attempts',
      'error: maximum authentication attempts exceeded for root from 203.0.113.7 port 50112 ssh2 [preauth]',
      'Disconnecting authenticating user root 203.0.113.7 port 50112: Too many authentication failures [preauth]',
    ],
    [
      'another user in the middle',
      'Disconnecting authenticating user root 203.0.113.7 port 50112: Change of username or service not allowed: (root,ssh-connection) -> (admin,ssh-connection) [preauth]',
    ],
    ['root, who may not', 'ROOT LOGIN REFUSED FROM 203.0.113.7 port 50112 [preauth]'],
  ])('%s → one attempt', (_, ...lines) => {
    expect(counted(...lines)).toEqual([1, ['203.0.113.7 1']]);
  });

  it('connections that log in, or try no user → none', () => {
    expect(
      counted(
        'Accepted publickey for anna from 203.0.113.7 port 9 ssh2: ED25519 SHA256:x',
        'pam_unix(sshd:session): session opened for user anna(uid=1000) by (uid=0)',
        'Received disconnect from 203.0.113.7 port 9:11: disconnected by user',
        'Disconnected from user anna 203.0.113.7 port 9',
        'Connection closed by 203.0.113.8 port 10 [preauth]',
        'Unable to negotiate with 203.0.113.9 port 4: no matching key exchange method found. [preauth]',
        'Connection closed by 203.0.113.9 port 11',
      ),
    ).toEqual([0, []]);
  });

  it.each([
    [
      'no right to read it',
      {
        stdout: 'begins \nfailed 0\nsources 0\nend\n',
        stderr: 'Hint: You are currently not seeing messages from other users and the system.',
      },
    ],
    [
      'no journal files',
      { stdout: 'begins \nfailed 0\nsources 0\nend\n', stderr: 'No journal files were found.' },
    ],
    ['an empty journal', { stdout: 'begins \nfailed 0\nsources 0\nend\n' }],
    ['journalctl failed', { stdout: 'begins 1790000000\nfailed 0\nsources 0\nend\n', stderr: 'exit code 1' }],
    ['cut off', { stdout: 'begins 1790000000\nfailed 0\n' }],
  ])('%s → an error, never "none"', async (_, output) => {
    await expect(read(output)).rejects.toMatchObject({ code: 'host.journal-unreadable' });
  });
});

describe('outdated packages', () => {
  const list = `lists ${Date.parse('2026-11-22T00:00:00.000Z') / 1000}
Listing...
apt/oldstable-security 2.6.2 amd64 [upgradable from: 2.6.1]
jq/oldstable,oldstable-security 1.6-2 amd64 [upgradable from: 1.6-1]
appstream/oldstable 0.16.1-2+b1 amd64 [upgradable from: 0.16.1-2]
`;

  it('are listed, with those of security archives', () => {
    expect(parseUpgradable(list)).toEqual({
      packages: ['apt', 'jq', 'appstream'],
      security: ['apt', 'jq'],
      listsOf: new Date('2026-11-22T00:00:00.000Z'),
    });
  });

  it.each<readonly [string, Partial<CommandOutput>, string]>([
    ['no apt', { exitCode: 22 }, 'host.command-missing'],
    ['no package lists', { stdout: 'lists \nListing...\n' }, 'host.unreadable-answer'],
    ['apt failed', { exitCode: 100, stderr: 'E: broken' }, 'host.unreadable-answer'],
    ['no list', { stdout: 'lists none\n' }, 'host.unreadable-answer'],
  ])('%s → an error, never "none"', async (_, output, code) => {
    await expect(readUpgradable(contextWith({}, { sh: output }).host())).rejects.toMatchObject({ code });
  });

  describe('the age of the lists', () => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'tv-lists-'));
      writeFileSync(join(folder, 'apt'), '#!/bin/sh\necho Listing...\n', { mode: 0o755 });
    });
    afterEach(() => rmSync(folder, { recursive: true }));
    const listsOf = (files: Readonly<Record<string, string>>) => {
      mkdirSync(join(folder, 'lists'));
      for (const [name, day] of Object.entries(files)) {
        writeFileSync(join(folder, 'lists', name), '');
        utimesSync(join(folder, 'lists', name), new Date(day), new Date(day));
      }
      const env = { PATH: `${folder}:${process.env['PATH']}` };
      return parseUpgradable(
        execFileSync('sh', ['-c', upgradable, 'sh', join(folder, 'lists')], { encoding: 'utf8', env }),
      );
    };

    it('is that of the oldest list of a security archive', () => {
      expect(
        listsOf({
          'deb.debian.org_debian_dists_stable-updates_InRelease': '2026-11-23T00:00:00.000Z',
          'deb.debian.org_debian-security_dists_stable-security_InRelease': '2026-11-22T00:00:00.000Z',
          'security.debian.org_debian-security_dists_stable-security_InRelease': '2025-11-23T00:00:00.000Z',
        }),
      ).toMatchObject({ listsOf: new Date('2025-11-23T00:00:00.000Z') });
    });

    it('is unknown where no archive of security has one', async () => {
      expect(
        listsOf({ 'deb.debian.org_debian_dists_stable-updates_InRelease': '2026-11-23T00:00:00.000Z' }),
      ).toMatchObject({ listsOf: undefined });
      const stdout = list.replace(/^lists \d+/, 'lists none');
      expect(
        await evidenceFor('dependencies', new SourceReader(contextWith({}, { sh: { stdout } }))),
      ).toMatchObject({
        ...{ kind: 'unknown', facts: { outdated: '3 Debian packages' } },
        words: 'the host has no package list of a security archive, so its security updates are unknown',
      });
    });

    it('without any list nothing is known', () => {
      expect(listsOf({})).toBeUndefined();
    });
  });

  it('lists of last month → unknown', async () => {
    const old = list.replace(/^lists \d+/, `lists ${Date.parse('2026-10-01T00:00:00.000Z') / 1000}`);
    expect(
      await evidenceFor('dependencies', new SourceReader(contextWith({}, { sh: { stdout: old } }))),
    ).toMatchObject({
      kind: 'unknown',
      words: expect.stringContaining('53d 3h old'),
    });
  });
});

describe('records', () => {
  let state: ReturnType<typeof temporaryState>;
  beforeEach(() => {
    state = temporaryState();
  });
  afterEach(() => state.remove());

  interface Call {
    readonly item: string;
    readonly note: string | undefined;
  }
  async function record(
    call: Call,
    options: SceneOptions & { readonly change?: (ctx: Context) => Partial<Context> } = {},
  ) {
    const scene = startScene(state.directory, options);
    const told: string[] = [];
    const ctx: ActionContext = {
      ...scene.engine.ctx,
      tell: (line) => told.push(line),
      writeFile: () => {},
      appendLine: () => {},
      output: fakeOutput(),
      ...options.change?.(scene.engine.ctx),
    };
    const input = { item: call.item, note: call.note };
    try {
      const data = await done.run(ctx, input);
      if (data === undefined) throw new Error('nothing to show');
      return {
        ctx,
        told,
        data,
        exitCode: done.exitCode?.(data),
        text: done.render(data, plainPaint(60), input),
      };
    } finally {
      scene.close();
    }
  }

  it('who did what when with which note, durable and chained, and in the audit log', async () => {
    const { ctx, data, exitCode, text } = await record(
      {
        item: ' Penetration-Test ',
        note: 'report 17\u001b[2J, nothing critical; password hunter2-hunter2',
      },
      { secrets: ['hunter2-hunter2'] },
    );
    expect([exitCode, data.item.state]).toEqual([0, 'recorded']);
    expect(data.item.recorded).toMatchObject({
      by: `${thisOperator().user}@${thisOperator().host}`,
      note: expect.stringMatching(/^report 17\\u\{1b\}\[2J, nothing critical; password (?!hunter2)/),
    });
    const at = Date.parse(data.item.recorded?.at ?? '');
    expect(data.item.due).toBe(addMonths(new Date(at), 3).toISOString());
    expect(text.split('\n').filter((line) => line.length > 60 && !line.includes(state.directory))).toEqual(
      [],
    );
    expect(ctx.audit.entries().at(-1)).toMatchObject({
      ...{ command: 'checklist done', outcome: 'recorded', exitCode: 0 },
      input: { item: 'penetration-test' },
    });
    expect(readFileSync(ctx.checklist.file, 'utf8') + readFileSync(ctx.audit.file, 'utf8')).not.toContain(
      'hunter2',
    );
    expect(ctx.checklist.verify()).toEqual({ entries: 1, intact: true, problems: [] });
  });

  it.each<readonly [string, Call, string]>([
    ['an item that does not exist', { item: 'penetraton-test', note: 'x' }, 'usage.unknown-name'],
    ['no note', { item: 'penetration-test', note: undefined }, 'usage.missing-value'],
    ['a note of blanks', { item: 'penetration-test', note: ' \n ' }, 'usage.missing-value'],
    ['a note that is too long', { item: 'penetration-test', note: 'é'.repeat(401) }, 'usage.malformed-value'],
  ])('%s → refused, nothing written', async (_, call, code) => {
    await expect(record(call)).rejects.toMatchObject({ code, exitCode: 2 });
    expect(existsSync(join(state.directory, 'checklist.jsonl'))).toBe(false);
  });

  it('a note of 400 characters is kept whole, also when it is read again; a pasted key is not', async () => {
    const long = 'é'.repeat(400);
    const { data } = await record({ item: 'infrastructure', note: long });
    expect(data.item.recorded?.note).toBe(long);
    const key = 'ab'.repeat(32);
    await record({ item: 'infrastructure', note: `key ${key}` });
    expect(readFileSync(join(state.directory, 'checklist.jsonl'), 'utf8')).not.toContain(key);
  });

  /** A host whose backup folder holds one dump with these marks. */
  const withBackup =
    (marks: object) =>
    (ctx: Context): Partial<Context> => {
      const made = Date.parse('2026-11-20T00:00:00.000Z') / 1000;
      const found = ['custom', 'a.dump', '-', `+${JSON.stringify(marks)}`, ''];
      const fields = [...found, 'f', './a.dump', 9, made].map((field) => `${field}\0`);
      const stdout = Buffer.from(fields.join('')).toString('base64');
      const run = async () => ({ exitCode: 0, stdout, stderr: '' });
      return {
        settings: {
          ...ctx.settings,
          backup: { directory: '/backup' },
          monitor: { limitMs: 300 },
        } as Settings,
        host: () => ({ prefix: [], run }),
      };
    };
  const verified = { at: '2026-11-21T00:00:00.000Z', how: 'restored', problems: ['3 rows are missing'] };

  it('what is read says otherwise → recorded with that, stays due, exit code 5', async () => {
    const change = withBackup({ verified, pinned: null });
    const { exitCode, data, text, ctx } = await record({ item: 'backups', note: 'looks fine' }, { change });
    expect([exitCode, data.item.state]).toEqual([5, 'due']);
    expect(text.replace(/\s+/g, ' ')).toMatch(
      /^! Recorded .* not so the last verification found problems in a\.dump problem 3 rows are missing .*Next: tv db verify --latest --restore $/,
    );
    expect(ctx.checklist.entries()[0]?.evidence).toMatchObject({ kind: 'contradicted' });
    expect(ctx.audit.entries().at(-1)).toMatchObject({ outcome: 'unverified', exitCode: 5 });
  });

  it('marks that cannot be read → unknown, which does not keep a person from recording it', async () => {
    const change = withBackup({ verified: 'yes' });
    const { exitCode, data } = await record({ item: 'backups', note: 'restored on staging' }, { change });
    expect([exitCode, data.item.state, data.item.evidence.kind]).toEqual([0, 'recorded', 'unknown']);
  });

  it('the disk is full → an error, and no record', async () => {
    const write = () => {
      throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    };
    await expect(record({ item: 'infrastructure', note: 'x' }, { write })).rejects.toBeInstanceOf(TvError);
    expect(startScene(state.directory).engine.ctx.checklist.entries()).toEqual([]);
  });

  it('the audit log cannot be written → recorded, and said', async () => {
    const change = (ctx: Context): Partial<Context> => ({
      audit: {
        ...{ file: ctx.audit.file, entries: () => [], verify: () => ctx.audit.verify() },
        append: async () => {
          throw new TvError('audit.unusable', 'The audit log is locked.');
        },
      },
    });
    const { told, exitCode } = await record({ item: 'infrastructure', note: 'x' }, { change });
    expect([exitCode, told]).toEqual([0, ['! recorded, but not in the audit log: The audit log is locked.']]);
  });

  const recordsNow = () => {
    const { ctx } = startScene(state.directory).engine;
    // Later than any scene.
    return readRecords({ ...ctx, clock: { ...ctx.clock, now: () => new Date('2030-01-01T00:00:00.000Z') } });
  };

  it('another environment is not counted; the newest of an item counts', async () => {
    await record({ item: 'infrastructure', note: 'staging' }, { environment: 'staging' });
    await record({ item: 'infrastructure', note: 'first' });
    await record({ item: 'infrastructure', note: 'second' });
    expect(recordsNow()).toMatchObject({
      known: true,
      value: { total: 2, newest: { infrastructure: { seq: 3, note: 'second' } } },
    });
  });

  it.each<readonly [string, (text: string) => string, RegExp]>([
    ['a changed note', (text) => text.replace('first', 'other'), /line 1 was changed/],
    ['a removed record', (text) => text.slice(text.indexOf('\n') + 1), /does not follow/],
    ['a removed end', (text) => text.slice(0, text.indexOf('\n') + 1), /entries were cut off/],
    ['a line that is none', (text) => `${text}{"a":1}\n`, /is not a record of the checklist/],
  ])('%s → unknown: nothing of it counts', async (_, change, reason) => {
    await record({ item: 'infrastructure', note: 'first' });
    await record({ item: 'penetration-test', note: 'second' });
    await record({ item: 'penetration-test', note: 'third' });
    const file = join(state.directory, 'checklist.jsonl');
    writeFileSync(file, change(readFileSync(file, 'utf8')), { mode: 0o600 });
    expect(recordsNow()).toMatchObject({ known: false, reason: expect.stringMatching(reason) });
  });

  it('the machine died in the middle of a line → what was whole counts, and the next record follows it', async () => {
    await record({ item: 'infrastructure', note: 'first' });
    const file = join(state.directory, 'checklist.jsonl');
    appendFileSync(file, '{"environment":"prod');
    expect(recordsNow()).toMatchObject({ known: true, value: { total: 1 } });
    await record({ item: 'infrastructure', note: 'second' });
    expect(recordsNow()).toMatchObject({ known: true, value: { total: 2 } });
  });

  it('a record of tomorrow → unknown', async () => {
    await record({ item: 'infrastructure', note: 'first' });
    const { ctx } = startScene(state.directory).engine;
    const early = { ...ctx, clock: { ...ctx.clock, now: () => new Date('2020-01-01T00:00:00.000Z') } };
    expect(readRecords(early)).toMatchObject({
      known: false,
      reason: expect.stringContaining('in the future'),
    });
  });
});

describe('as a source of tv status', () => {
  let state: ReturnType<typeof temporaryState>;
  beforeEach(() => {
    state = temporaryState();
  });
  afterEach(() => state.remove());
  const read = (more: Parameters<typeof contextWith>[0], answers = {}) => {
    const { checklist } = startScene(state.directory).engine.ctx;
    return new SourceReader(contextWith({ checklist, ...more }, answers)).read(checklistSource);
  };

  it('a host that hangs leaves the items that need none', async () => {
    const host = () => ({ prefix: [], run: () => new Promise<never>(() => {}) });
    const { items } = await read({ host });
    const states = Object.fromEntries(items.map(({ id, state: of, reason }) => [id, [of, reason]]));
    expect(Object.keys(states)).toEqual(itemIds);
    expect(states['backups']).toEqual(['unknown', expect.stringMatching(/^no answer within 0\.\d+ s$/)]);
    expect(states['oracle-key']?.[0]).toBe('unknown');
    expect(states['contract-audit']).toEqual(['due', null]);
  });

  it('a sandbox in which nothing was recorded is not asked about', async () => {
    const trap = () => {
      throw new Error('must not be read');
    };
    const value = await read({ host: trap, chain: trap, settings: { sandbox: true } });
    expect([value.items, checklistSource.describe(value, now)]).toEqual([[], undefined]);
  });
});

it('the screen: every kind of evidence, at 60 and 80 columns, with and without colour', () => {
  const all = (['proven', 'contradicted', 'shown', 'not-set', 'unknown', 'person'] as const).map((kind) =>
    judgeItem(
      'roles',
      records({ roles: recordAt('2026-09-01T00:00:00.000Z') }),
      { kind, words: `the words of ${kind}`, facts: { ADMIN: account('a') }, at: null },
      now,
    ),
  );
  for (const width of [60, 80]) {
    const plain = all.map((item) => renderItem(item, plainPaint(width))).join('\n');
    expect(plain.split('\n').filter((line) => line.length > width)).toEqual([]);
    const uncoloured = all
      .map((item) => renderItem(item, colourPaint(width)))
      .join('\n')
      .replaceAll(new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g'), '');
    expect(uncoloured).toBe(plain);
  }
  const shown = all.map((item) => renderItem(item, plainPaint(80)).split('\n')[0]);
  expect(shown.map((line) => line?.trim()[0])).toEqual(['✔', '!', '!', '!', '?', '!']);
  expect(checklistReport.title).toBe('Security checklist');
});
