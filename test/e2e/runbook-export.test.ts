import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { type Abi, encodeFunctionData, type Hex } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { castBinary } from '../../scripts/bench/castBinary.mjs';
import { registry } from '../../src/registry.generated.ts';
import type { ByHandLine } from '../../src/runbook/define.ts';
import { devAccountIndex, devMnemonic, devPrivateKey } from '../../src/sandbox/chain/devAccounts.ts';
import { rpc } from '../../src/sandbox/chain/rpc.ts';
import { type PrintedProcedure, readRunbook } from '../support/exportedRunbook.ts';
import { startSandbox, type TestSandbox } from '../support/sandbox.ts';

const password = 'ambrel tonsil 27';
const accounts = {
  admin: devAccountIndex.admin,
  emergency: devAccountIndex.emergency,
  'risk-officer': devAccountIndex.riskOfficer,
  'treasury-manager': devAccountIndex.treasuryManager,
};

let sandbox: TestSandbox;
let markdown: string;
let home: string;
let passwordFile: string;
const procedures = new Map<string, PrintedProcedure>();
let definitions: string;

beforeAll(async () => {
  sandbox = await startSandbox();
  home = sandbox.env['HOME'] ?? '';
  passwordFile = join(home, 'cast-password');
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  const keystores = join(home, '.foundry', 'keystores');
  mkdirSync(keystores, { recursive: true, mode: 0o700 });
  for (const [name, index] of Object.entries(accounts)) {
    const words = ['wallet', 'import', name, '--keystore-dir', keystores];
    await execa(castBinary(), [...words, '--mnemonic', devMnemonic, '--mnemonic-index', String(index)], {
      env: { CAST_UNSAFE_PASSWORD: password },
    });
  }
  const exported = await sandbox.tv(['-e', 'sandbox', 'runbook', 'export'], {
    env: { TV_ENVIRONMENT: undefined },
  });
  expect([exported.exitCode, exported.stderr]).toEqual([0, '']);
  markdown = exported.stdout;
  const read = readRunbook(markdown);
  definitions = read.definitions;
  for (const procedure of read.procedures) procedures.set(procedure.title, procedure);
}, 120_000);
afterAll(() => sandbox?.stop());

interface Ran {
  readonly exitCode: number;
  readonly output: string;
}

/**
 * Pastes the definitions and then texts into one bash inside `tv sandbox shell`, and keeps what each of them
 * prints apart. Groups do not see each other's variables.
 */
async function paste(groups: readonly (readonly string[])[]): Promise<readonly (readonly Ran[])[]> {
  const mark = '@@ next @@';
  const pasted = groups.map((texts) => {
    const parts = texts.map((text) => `{ :\n${text}\n} 2>&1\ncode=$?; echo; echo '${mark}' $code`);
    return `(\n${parts.join('\n')}\n)`;
  });
  // For the person who types the password; cast takes the file only together with a keystore.
  const typing = `cast() { case " $* " in *" --account "*) command cast "$@" --password-file ${passwordFile} ;;
    *) command cast "$@" ;; esac; }`;
  const script = [typing, definitions, `echo '${mark}' 0`, ...pasted].join('\n');
  const file = join(home, `pasted-${Math.random()}.sh`);
  writeFileSync(file, script, { mode: 0o600 });
  const done = await sandbox.tv(['sandbox', 'shell', '--dir', sandbox.dir, '--', 'bash', file], {
    env: { PATH: `${dirname(castBinary())}:${sandbox.env['PATH']}`, TMPDIR: home },
    timeoutMs: 300_000,
  });
  const [first = '', ...rest] = done.stdout.split(`${mark} `);
  expect(first.trim(), done.stderr).toBe('');
  let index = 0;
  return groups.map((texts) =>
    texts.map(() => {
      // Each part begins with the exit code of the one before.
      const output = (rest[index] ?? '').replace(/^\d+\n/, '').trim();
      index += 1;
      return { exitCode: Number.parseInt(rest[index] ?? '-1', 10), output };
    }),
  );
}

/** The block of values to fill in, with those of this sandbox. */
function filledIn({ variables }: PrintedProcedure, values: Readonly<Record<string, string>>): string {
  return variables.replaceAll(/^(\w+)=FILL_IN/gm, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`no value for ${name}`);
    return `${name}=${value}`;
  });
}

function procedure(title: string): PrintedProcedure {
  const found = procedures.get(title);
  if (found === undefined) throw new Error(`the runbook has no procedure "${title}"`);
  return found;
}

/** The state of the chain, read past cast and the document. */
async function isTrue(name: 'paused' | 'pairCircuitBroken', ...args: readonly Hex[]): Promise<boolean> {
  const inputs = args.map(() => ({ type: 'bytes32' }));
  const abi = [{ type: 'function', name, inputs, outputs: [], stateMutability: 'view' }] as const;
  const data = encodeFunctionData<Abi>({ abi, functionName: name, args });
  const to = sandbox.info.deployment.addresses.riskController;
  const node = `http://127.0.0.1:${sandbox.info.ports.rpc}`;
  return BigInt(await rpc<string>(node, 'eth_call', [{ to, data }, 'latest'])) === 1n;
}

/** The hash of one that the chain has. */
async function anyTransaction(): Promise<string> {
  const node = `http://127.0.0.1:${sandbox.info.ports.rpc}`;
  const logs = await rpc<{ transactionHash: string }[]>(node, 'eth_getLogs', [
    { address: sandbox.info.deployment.addresses.riskController, fromBlock: '0x64', toBlock: 'latest' },
  ]);
  return logs[0]?.transactionHash ?? '';
}

it('has no secret of the environment in it', () => {
  const env = readFileSync(join(sandbox.dir, 'tempovault', '.env'), 'utf8');
  const url = /^INDEXER_DB_URL='[^:]+:\/\/[^:]+:(.*)@/m.exec(env)?.[1] ?? 'none';
  expect(url.length).toBeGreaterThan(8);
  expect(markdown).not.toContain(url);
  expect(markdown).not.toContain(devPrivateKey(devAccountIndex.oracle).slice(2));
});

describe('every check and every verification, as printed', async () => {
  const cases = (
    await Promise.all(
      registry.map(async ({ load }) => {
        const { title, byHand } = (await load()).default;
        return byHand === undefined ? [] : [{ title, byHand }];
      }),
    )
  ).flat();

  const reading = ({ lines }: PrintedProcedure) => lines.filter(({ kind }) => kind !== 'Step');
  const ran = new Map<string, readonly Ran[]>();

  beforeAll(async () => {
    const values = {
      PAIR_ID: '$PAIR_ALPHAUSD_PATHUSD',
      UNIT: '$INDEXER_UNIT',
      BLOCK: '100',
      SINCE_BLOCK: '760',
      FROM_BLOCK: '100',
      TO_BLOCK: '140',
      FUNDING: '10000000',
      OLD_ORACLE_ADDRESS: '$TREASURY_VAULT_ADDRESS',
      TOKEN: '0x20C0000000000000000000000000000000000001',
      AMOUNT: '1000000',
      RECIPIENT: sandbox.info.accounts['owner'] ?? '',
      BACKUP: '$BACKUP_DIRECTORY/none.dump',
      OFFSITE: '/tmp',
      SERVERS: `127.0.0.1:${sandbox.info.ports.api}`,
      TV: 'tv',
      TX_HASH: await anyTransaction(),
    };
    const groups = cases.map(({ title }) => {
      const printed = procedure(title);
      return [filledIn(printed, values), ...reading(printed).map(({ run }) => run)];
    });
    for (const [index, outcome] of (await paste(groups)).entries()) {
      ran.set(cases[index]?.title ?? '', outcome.slice(1));
    }
  }, 240_000);

  it.each(cases)('$title', ({ title, byHand }) => {
    const lines = reading(procedure(title));
    const ofData: readonly ByHandLine[] = [...byHand.checks, ...byHand.verify];
    expect(lines.map(({ run }) => run.trim())).toEqual(ofData.map(({ run }) => run.trim()));
    const wrong = lines.flatMap(({ kind, number }, index) => {
      const { exitCode, output } = ran.get(title)?.[index] ?? { exitCode: -1, output: 'not run' };
      const { prints } = ofData[index] as ByHandLine;
      const fits = prints === undefined || prints.test(output);
      return exitCode === 0 && fits ? [] : [`${kind} ${number}: exit ${exitCode}\n${output}\n(${prints})`];
    });
    expect(wrong).toEqual([]);
  });
});

/** Runs lines of a procedure in their printed order, after its checks, in one shell. */
async function follow(title: string, values: Readonly<Record<string, string>>, steps?: readonly number[]) {
  const printed = procedure(title);
  const chosen = printed.lines.filter(
    ({ kind, number }) => kind !== 'Step' || steps === undefined || steps.includes(number),
  );
  const [[, ...ran] = []] = await paste([[filledIn(printed, values), ...chosen.map(({ run }) => run)]]);
  return chosen.map(({ kind, number }, index) => ({ name: `${kind} ${number}`, ...(ran[index] as Ran) }));
}

const failed = (lines: readonly { name: string; exitCode: number; output: string }[]) =>
  lines.filter(({ exitCode }) => exitCode !== 0);

describe('by hand, from the printed text alone', () => {
  it('trips a breaker and resets it', async () => {
    const pair = sandbox.info.deployment.pairs[0]?.id as Hex;
    expect(await isTrue('pairCircuitBroken', pair)).toBe(false);
    const tripped = await follow('Trip circuit breaker', { PAIR_ID: '$PAIR_ALPHAUSD_PATHUSD' });
    expect(failed(tripped)).toEqual([]);
    expect(tripped.find(({ name }) => name === 'Step 1')?.output).toMatch(/^status +1 \(success\)$/m);
    expect(tripped.at(-1)?.output).toBe('true');
    expect(await isTrue('pairCircuitBroken', pair)).toBe(true);
    const reset = await follow('Reset circuit breaker', { PAIR_ID: '$PAIR_ALPHAUSD_PATHUSD' });
    expect(failed(reset)).toEqual([]);
    expect(reset.at(-1)?.output).toBe('false');
    expect(await isTrue('pairCircuitBroken', pair)).toBe(false);
  }, 120_000);

  it('shuts down, and resumes with a new signal on the chain', async () => {
    const down = await follow('Emergency shutdown', {}, [1, 2]);
    expect(failed(down)).toEqual([]);
    expect(await isTrue('paused')).toBe(true);
    const units = ['tempovault-api', 'tempovault-indexer', 'tempovault-oracle'];
    expect((await sandbox.systemctl('is-active', ...units)).stdout.trim()).toBe(
      'inactive\ninactive\ninactive',
    );
    const before = await sandbox.tv(['oracle', 'status', '--json']);
    const up = await follow('Resume after an emergency', { PAIR_ID: '$PAIR_ALPHAUSD_PATHUSD' }, [1, 2, 3]);
    expect(failed(up)).toEqual([]);
    expect(await isTrue('paused')).toBe(false);
    expect((await sandbox.systemctl('is-active', ...units)).stdout.trim()).toBe('active\nactive\nactive');
    expect(before.exitCode).not.toBe(0);
    await expect
      .poll(async () => (await sandbox.tv(['oracle', 'status'])).exitCode, {
        timeout: 30_000,
        interval: 1_000,
      })
      .toBe(0);
  }, 120_000);

  it('backs up, proves the backup, restores it, and reindexes: as tv finds it to be sound', async () => {
    await sandbox.systemctl('stop', 'tempovault-indexer');
    const made = await follow('Back up the database', {});
    expect(failed(made)).toEqual([]);
    const output = (name: string) => made.find((line) => line.name === name)?.output ?? '';
    expect([output('Step 2'), output('Step 3'), output('Step 4')]).toEqual([
      'dumped',
      'read to the end',
      'same rows',
    ]);
    const file = output('Step 1');
    const verified = await follow('Verify backups', { BACKUP: file });
    await sandbox.systemctl('start', 'tempovault-indexer');
    expect(failed(verified)).toEqual([]);
    expect(verified.find(({ name }) => name === 'Step 5')?.output).toBe('same rows');
    expect(await sandbox.sql("SELECT datname FROM pg_database WHERE datname ~ '_check_'")).toEqual([]);
    const [{ rows = '' } = {}] = await sandbox.sql<{ rows: string }>('SELECT count(*) AS rows FROM deposits');
    expect(readFileSync(`${file}.rows`, 'utf8').split('\n')).toContain(`public.deposits|${rows}`);
    const byTv = await sandbox.tv(['db', 'verify', file]);
    expect([byTv.exitCode, byTv.stderr]).toEqual([0, expect.any(String)]);

    const restored = await follow('Restore the database', { BACKUP: file }, [1, 2, 3, 4, 5, 6, 7]);
    expect(failed(restored)).toEqual([]);
    const databases = await sandbox.sql<{ datname: string }>(
      "SELECT datname FROM pg_database WHERE datname ~ '^tempovault' ORDER BY 1",
    );
    expect(databases.map(({ datname }) => datname)).toEqual([
      'tempovault',
      expect.stringMatching(/^tempovault_old_\d{14}$/),
    ]);

    const start = () => /^START_BLOCK=.*$/m.exec(readFileSync(sandbox.info.files.envFile, 'utf8'))?.[0];
    const earlyRows = () =>
      sandbox.sql(
        'SELECT count(*) AS events, min(block_number) AS first FROM events WHERE block_number < 900',
      );
    const before = [start(), await earlyRows()];
    // Pasted with nothing filled in, it fails and changes nothing.
    const careless = await follow('Reindex events', { BLOCK: 'FILL_IN' }, [4, 5]);
    expect(careless.find(({ name }) => name === 'Step 4')?.output).toContain('ERROR');
    expect([start(), await earlyRows()]).toEqual(before);

    const reindexed = await follow(
      'Reindex events',
      { BLOCK: `500   # ${file}\nBACKUP=${file}` },
      [1, 2, 3, 4, 5, 6],
    );
    expect(failed(reindexed).filter(({ name }) => name !== 'Step 1')).toEqual([]);
    expect(reindexed.find(({ name }) => name === 'Step 4')?.output).toMatch(/^UPDATE 1\nCOMMIT$/m);
    expect(start()).toBe('START_BLOCK=499');
    await expect.poll(earlyRows, { timeout: 60_000, interval: 1_000 }).toEqual(before[1]);
    expect((await sandbox.tv(['reindex', 'check'])).exitCode).toBe(0);
  }, 240_000);
});
