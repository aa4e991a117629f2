import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import install from '../../runbooks/db/schedule/install.ts';
import remove from '../../runbooks/db/schedule/remove.ts';
import tune from '../../runbooks/db/tune.ts';
import { exampleFacts } from '../../runbooks/oracle/rotate-key.preflight.ts';
import { generate, setKey } from '../../runbooks/oracle/rotate-key.ts';
import type { ReindexFacts } from '../../runbooks/reindex.preflight.ts';
import { setStartBlock } from '../../runbooks/reindex.ts';
import { parseKey } from '../../src/chain/signers/oracleKey.ts';
import { connectDatabase } from '../../src/database/connectDatabase.ts';
import { connectHost } from '../../src/host/connectHost.ts';
import { unitDirectory } from '../../src/host/unitFile.ts';
import { keyPlaces } from '../../src/operations/oracle/runKeys.ts';
import { setPin } from '../../src/operations/setPin.ts';
import { ChangedSince } from '../../src/runbook/changedSince.ts';
import type { Database, Host } from '../../src/runbook/context.ts';
import type { Step, StepContext } from '../../src/runbook/define.ts';
import type { Json } from '../../src/runbook/json.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';

/** anvil's public keys: the one before, the one of the run, and a third. */
const [oldKey, newKey, thirdKey] = [
  '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
  '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d',
  '0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a',
] as const;
const at = '2026-11-23T03:12:00.000Z';

const real = connectHost({ prefix: [], timeoutMs: 10_000 });
let postgres: TestPostgres;
let database: Database;
let adminUrl: string;
let directory: string;
let notes: Record<string, Json>;

beforeAll(async () => {
  postgres = await startPostgres();
  const { name, url } = await postgres.createDatabase('empty');
  database = connectDatabase({ url, timeoutMs: 5_000, applicationName: 'tv' });
  adminUrl = `postgresql://postgres@${encodeURIComponent(postgres.socketDirectory)}:${postgres.port}/${name}`;
});
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tv-changed-'));
  mkdirSync(join(directory, 'units'));
  notes = {};
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));
afterAll(async () => {
  await database?.close();
  await postgres?.stop();
});

/** This machine, with the units' folder elsewhere and a systemd that says yes to everything. */
const run: Host['run'] = async (command, options) => {
  if (command[0] === 'systemctl') return { exitCode: 0, stdout: '', stderr: '' } as never;
  return real.run(
    command.map((word) => word.replace(unitDirectory, join(directory, 'units'))),
    options,
  );
};

function context(): StepContext {
  const ctx = {
    runId: '20261123-031200-abcd',
    results: {},
    notes,
    note: (name: string, value: Json) => {
      notes[name] = value;
    },
    host: () => ({ ...real, run }),
    database: () => database,
    secrets: { keep: () => {} },
    clock: { now: () => new Date(at) },
    signal: new AbortController().signal,
    settings: {
      stateDirectory: directory,
      host: { envFile: join(directory, '.env') },
      database: { adminUrl },
      backup: { directory },
    },
  };
  return ctx as unknown as StepContext;
}

interface Place {
  readonly step: () => Step;
  /** Writes a value as whoever else does. */
  set(value: string): void | Promise<void>;
  read(): string | Promise<string>;
  readonly before: string;
  readonly own: string;
  readonly foreign: string;
}

const envFile = () => join(directory, '.env');
const unit = `${unitDirectory}/tempovault-db-backup.service`;
const inUnits = () => join(directory, 'units', 'tempovault-db-backup.service');
const settings = () =>
  database && import('pg').then(({ default: { Client } }) => new Client({ connectionString: adminUrl }));
async function asAdmin(text: string): Promise<readonly Record<string, unknown>[]> {
  const client = await settings();
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}
const textFile = (file: () => string) => ({
  set: (value: string) => (value === '' ? rmSync(file(), { force: true }) : writeFileSync(file(), value)),
  read: () => {
    try {
      return readFileSync(file(), 'utf8');
    } catch {
      return '';
    }
  },
});
const rotation = {
  ...exampleFacts,
  oldAddress: parseKey(oldKey)?.address ?? '0x',
  unit: 'tempovault-oracle',
  funding: null,
};
/** Both keys of the run are on disk, as `generate` leaves them. */
const keys = () => {
  const places = keyPlaces(context());
  mkdirSync(join(directory, 'oracle'), { recursive: true, mode: 0o700 });
  writeFileSync(places.old, oldKey, { mode: 0o600 });
  writeFileSync(places.new, newKey, { mode: 0o600 });
};
const key = (value: string) => `A=1\nORACLE_PRIVATE_KEY=${value}\n`;
const block = (value: number) => `A=1\nSTART_BLOCK=${value}\n`;

const places: readonly (readonly [string, Place])[] = [
  [
    'ORACLE_PRIVATE_KEY of oracle rotate-key',
    {
      step: () => {
        keys();
        return setKey({ ...rotation, envFile: envFile() });
      },
      ...textFile(envFile),
      before: key(oldKey),
      own: key(newKey),
      foreign: key(thirdKey),
    },
  ],
  [
    'START_BLOCK of reindex',
    {
      step: () =>
        setStartBlock({ env: { file: envFile(), before: '10', after: '20' } } as unknown as ReindexFacts),
      ...textFile(envFile),
      before: block(10),
      own: block(20),
      foreign: block(30),
    },
  ],
  [
    'a setting of db tune',
    {
      step: () => {
        const change = { name: 'work_mem', from: '4MB', to: '20MB', before: '10MB', restart: false };
        const facts = { database: 'x', changes: [change] };
        const [step] = tune.plan(facts, tune.example.input);
        if (step === undefined) throw new Error('no step');
        return step;
      },
      set: async (value) => {
        await asAdmin(`ALTER SYSTEM SET work_mem = '${value}'`);
      },
      read: async () => {
        const rows = await asAdmin(
          `SELECT setting FROM pg_file_settings WHERE name = 'work_mem' ORDER BY seqno DESC LIMIT 1`,
        );
        return String(rows[0]?.['setting']);
      },
      before: '10MB',
      own: '20MB',
      foreign: '30MB',
    },
  ],
  [
    'the pin of a backup',
    {
      step: () => {
        writeFileSync(join(directory, 'vault.sql'), '-- nothing\n');
        return setPin({ path: join(directory, 'vault.sql'), name: 'vault.sql', form: 'sql', reason: 'own' });
      },
      set: (reason) =>
        writeFileSync(
          join(directory, 'vault.sql.marks.json'),
          JSON.stringify({ verified: null, pinned: { at, by: 'x', reason } }),
        ),
      read: () =>
        JSON.parse(readFileSync(join(directory, 'vault.sql.marks.json'), 'utf8')).pinned?.reason ?? '',
      before: 'before',
      own: 'own',
      foreign: 'foreign',
    },
  ],
  [
    'a unit file of db schedule install',
    {
      step: () => {
        const file = { unit: 'tempovault-db-backup.service', path: unit, text: 'own', before: 'before' };
        const [step] = install.plan(
          { environment: 'x', files: [file], timers: [] } as never,
          install.example.input,
        );
        if (step === undefined) throw new Error('no step');
        return step;
      },
      ...textFile(inUnits),
      before: 'before',
      own: 'own',
      foreign: 'foreign',
    },
  ],
  [
    'a unit file of db schedule remove',
    {
      step: () => {
        const file = { unit: 'tempovault-db-backup.service', path: unit, text: 'before' };
        const step = remove.plan({ files: [file], timers: [] } as never, remove.example.input)[1];
        if (step === undefined) throw new Error('no step');
        return step;
      },
      ...textFile(inUnits),
      before: 'before',
      own: '',
      foreign: 'foreign',
    },
  ],
];

describe('a value that was changed outside the run', () => {
  it.each(places)('%s: neither undone nor resumed over, and kept', async (_, place) => {
    const step = place.step();
    await place.set(place.before);
    await step.run(context());
    expect(await place.read()).toBe(place.own);
    await step.assertUndoable?.(context());

    await place.set(place.foreign);
    const refused = {
      name: 'ChangedSince',
      exitCode: 1,
      message: expect.stringContaining('it was changed outside this run. It was not overwritten.'),
      next: [
        {
          when: 'to keep what is there now',
          tv: ['runs', 'abandon', '20261123-031200-abcd', '--reason', '…'],
        },
        expect.objectContaining({ tv: ['runs', 'undo', '20261123-031200-abcd'] }),
      ],
    };
    for (const attempt of [
      () => step.assertUndoable?.(context()),
      () => step.undo?.(context()),
      () => step.run(context()),
    ]) {
      await expect(attempt()).rejects.toMatchObject(refused);
      expect(await place.read()).toBe(place.foreign);
    }

    await place.set(place.own);
    await step.undo?.(context());
    expect(await place.read()).toBe(place.before);
    // Once more, as a resumed undo does.
    await step.undo?.(context());
    expect(await place.read()).toBe(place.before);
  });

  it('a third key in .env: the undo of a rotation keeps its own copies of the other two', async () => {
    keys();
    writeFileSync(envFile(), key(thirdKey));
    const step = generate({ ...rotation, envFile: envFile() });
    await expect(step.undo?.(context())).rejects.toBeInstanceOf(ChangedSince);
    expect(readFileSync(keyPlaces(context()).old, 'utf8')).toBe(oldKey);
    expect(readFileSync(keyPlaces(context()).new, 'utf8')).toBe(newKey);
  });

  it('a pin that the run had not written yet is kept by its undo', async () => {
    const [, pin] = places[3] ?? [];
    if (pin === undefined) throw new Error('no pin');
    const step = pin.step();
    await pin.set('before');
    await step.undo?.(context());
    expect(await pin.read()).toBe('before');
  });
});
