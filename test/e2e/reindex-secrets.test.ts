import { randomBytes } from 'node:crypto';
import { appendFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CommandOutput } from '../../src/runbook/context.ts';
import { devPrivateKey } from '../../src/sandbox/chain/devAccounts.ts';
import { readPassword } from '../../src/sandbox/passwords.ts';
import { sandboxPaths } from '../../src/sandbox/paths.ts';
import { findServer } from '../../src/sandbox/postgres/findServer.ts';
import { type ProcessSampler, sampleProcesses } from '../support/processSampler.ts';
import { giveSourcesTime, type TvHome, tvHome } from '../support/sandbox.ts';
import { type Evidence, filesBelow, findSecrets, type Secret, secretForms } from '../support/secretSearch.ts';

const name = 'guarded';
const confirm = ['--confirm', name];
let home: TvHome;
let sampler: ProcessSampler | undefined;
const outputs: Evidence[] = [];
const secrets: Secret[] = [];

beforeAll(async () => {
  home = await tvHome();
  sampler = await sampleProcesses();
});
afterAll(async () => {
  await sampler?.stop();
  await home?.[Symbol.asyncDispose]();
});

const paths = () => sandboxPaths(join(home.directory, 'sandbox', name));

/** Runs tv and keeps everything that it prints. */
async function tv(...args: readonly string[]): Promise<CommandOutput> {
  const done = await home.tv(args, { env: { TV_ENVIRONMENT: name } });
  keep(`tv ${args.join(' ')}`, done);
  return done;
}

function keep(command: string, { stdout, stderr }: CommandOutput): void {
  outputs.push({ place: `stdout of ${command}`, text: stdout });
  outputs.push({ place: `stderr of ${command}`, text: stderr });
}

/** What is on disk: all but TempoVault's own settings, the cluster and the sandbox's files for passwords. */
const files = () => {
  const { envFile, postgres, passwords, config, keys } = paths();
  return filesBelow(home.directory, [envFile, postgres, passwords, config, join(keys, 'password')]);
};

/** The secrets that may occur in one file, and are nowhere else: shows that the search knows the real ones. */
const inEnvFile = () =>
  findSecrets([{ place: '.env', text: readFileSync(paths().envFile, 'utf8') }], secrets);

it('keeps every password and key out of what it prints, while all goes well', async () => {
  const up = await tv('sandbox', 'up', '--name', name, '--json');
  expect(up.exitCode).toBe(0);
  giveSourcesTime(join(home.directory, 'sandbox', name));
  for (const role of ['tempovault', 'postgres'] as const) {
    secrets.push({ name: `password of ${role}`, value: readPassword(paths(), role) });
  }
  secrets.push({
    name: 'password of the keystores',
    value: readFileSync(join(paths().keys, 'password'), 'utf8').trim(),
  });
  for (let index = 0; index < 10; index++) {
    secrets.push({ name: `dev key ${index}`, value: devPrivateKey(index) });
  }
  expect(new Set(inEnvFile().map(({ secret }) => secret))).toEqual(
    new Set(['password of tempovault', 'dev key 5']),
  );

  // Right after its start a service may still be on its way.
  await expect.poll(async () => (await tv('status')).exitCode).toBe(0);
  for (const command of [
    ['status'],
    ['sandbox', 'status', '--name', name],
    ['config', 'show'],
    ['config', 'check'],
    ['reindex', 'check', '--from-block', '2000'],
    ['reindex', '--in-place', '--from-block', '2000', '--dry-run'],
  ]) {
    const ways = [[], ['--json'], ['--verbose', '--full']];
    const done = await Promise.all(ways.map((more) => tv(...command, ...more)));
    const screens = done.map(({ stdout }) => stdout).join('\n');
    expect([command, done.map(({ exitCode }) => exitCode)], screens).toEqual([command, [0, 0, 0]]);
  }
  expect((await tv('reindex', '--in-place', '--from-block', '2000', '--verbose', ...confirm)).exitCode).toBe(
    0,
  );
  expect((await tv('runs', 'undo', 'reindex', '--json', ...confirm)).exitCode).toBe(0);
}, 120_000);

it('keeps them out while things fail', async () => {
  const { envFile } = paths();
  const text = readFileSync(envFile, 'utf8');
  const url = /^INDEXER_DB_URL='(.*)'$/m.exec(text)?.[1] ?? '';
  const withUrl = (changed: string) => {
    expect(changed).not.toBe(url);
    writeFileSync(
      envFile,
      text.replace(url, () => changed),
    );
  };
  const wrong = `Wrong@${randomBytes(12).toString('hex')}/ x`;
  secrets.push({ name: 'wrong password', value: wrong });
  const password = secrets[0]?.value ?? '';
  const failing: readonly string[] = [
    // A password that the server refuses; no server; no such database; no URL at all, in three ways.
    url.replace(/:[^:@]*@/, () => `:${encodeURIComponent(wrong)}@`),
    url.replace(/@127.0.0.1:\d+/, '@127.0.0.1:1'),
    url.replace(/@127.0.0.1/, '@no-such-host.invalid'),
    url.replace(/\/tempovault$/, '/nowhere'),
    url.replace(/:\d+\//, ':port/'),
    url.replace('postgresql://', 'mysql://'),
    // As people write it who do not know that it has to be encoded.
    url.replace(encodeURIComponent(password), () => password),
    url.replace(encodeURIComponent(password), () => `${password} with blanks`),
  ];
  try {
    for (const [index, changed] of failing.entries()) {
      const unencoded = changed.includes(password) && !changed.includes('with blanks');
      withUrl(changed);
      const done = await Promise.all([
        tv('status', '--all', '--verbose'),
        tv('config', 'show', '--json'),
        tv('config', 'check', '--verbose'),
        tv('reindex', 'check', '--from-block', '2000', '--verbose'),
        tv('reindex', 'check', '--from-block', '2000', '--json'),
        tv(
          'reindex',
          '--in-place',
          '--from-block',
          '2000',
          '--verbose',
          ...(unencoded ? ['--dry-run'] : confirm),
        ),
      ]);
      const [status, ...others] = done;
      // Six at once may make the API slow enough for a warning: what counts is the database's line.
      const connected = /✔ database/.test(status?.stdout ?? '');
      expect([index, [connected, ...others.map(({ exitCode }) => exitCode === 0)]]).toEqual([
        index,
        // tv understands a password that was not encoded.
        [unencoded, true, expect.any(Boolean), unencoded, unencoded, unencoded],
      ]);
    }
    writeFileSync(envFile, text.replace(/^(ORACLE_PRIVATE_KEY=.*)$/m, '$1 # "\n$1x'));
    await tv('config', 'check', '--verbose');
  } finally {
    writeFileSync(envFile, text);
  }

  // A run that fails half-way, with a database error in its journal: its backup is damaged.
  expect((await tv('reindex', '--in-place', '--from-block', '700', '--no-wait', ...confirm)).exitCode).toBe(
    0,
  );
  const run = JSON.parse((await tv('runs', 'list', '--json')).stdout).runs[0].run as string;
  const data = join(paths().backup, `tempovault_${run.replace('-reindex', '')}`, 'data');
  const whole = readFileSync(join(data, 'toc.dat'));
  truncateSync(join(data, 'toc.dat'), 2_000);
  const damaged = await tv('runs', 'undo', run, '--verbose', ...confirm);
  expect(damaged.stderr).toContain('The backup of this run is damaged; the event tables were not touched.');
  expect(damaged.exitCode).toBe(1);
  writeFileSync(join(data, 'toc.dat'), whole);
  expect((await tv('runs', 'undo', run, ...confirm)).exitCode).toBe(0);

  await tv('sandbox', 'break', 'stop-db', '--name', name);
  for (const more of [['--verbose'], ['--json']]) {
    await tv('status', ...more);
    await tv('reindex', '--in-place', '--from-block', '2000', ...more, ...confirm);
  }
  await tv('sandbox', 'break', '--heal', '--name', name);

  for (const id of JSON.parse((await tv('runs', 'list', '--json')).stdout).runs as { run: string }[]) {
    expect((await tv('runs', 'show', id.run)).exitCode).toBe(0);
    expect((await tv('runs', 'show', id.run, '--json')).exitCode).toBe(0);
    expect((await tv('runs', 'report', id.run, '--out', join(home.directory, 'reports'))).exitCode).toBe(0);
  }
  expect((await tv('audit', 'list', '--json')).exitCode).toBe(0);
}, 120_000);

it('has left none of them in output, files, journals or command lines', async () => {
  const inside = async (...command: readonly string[]) =>
    (await execa(join(paths().bin, 'inside'), command)).stdout;
  const { binDirectory } = await findServer();
  const dumps = files().filter(({ place }) => place.endsWith('/data/toc.dat'));
  expect(dumps).toHaveLength(2);
  const seen = (await sampler?.stop()) ?? [];
  sampler = undefined;
  const everything: readonly Evidence[] = [
    ...outputs,
    ...files(),
    { place: 'journal of systemd', text: await inside('journalctl', '--no-pager', '-o', 'export', '-a') },
    ...(await Promise.all(
      dumps.map(async ({ place }) => {
        const program = join(binDirectory, 'pg_restore');
        const { stdout } = await execa(program, ['-f', '-', dirname(place.replace('file ', ''))]);
        return { place: `contents of ${place}`, text: stdout };
      }),
    )),
    ...seen.map((text) => ({ place: `command line ${text}`, text })),
  ];
  // What was looked at is really there.
  const placesOf = (pattern: RegExp) => everything.filter(({ place }) => pattern.test(place));
  expect(placesOf(/state\/runs\/.*\.jsonl$/).length).toBe(2);
  for (const pattern of [
    /audit\.jsonl$/,
    /reports\/.*\.html$/,
    /reports\/.*\.md$/,
    /^stdout of tv status --json/,
    /^stderr of tv reindex --in-place --from-block 2000 --verbose/,
    /^command line \S*pg_dump -Fd .*-U tempovault/,
    /^command line \S*pg_restore -/,
    /^command line \S*psql -X .*-U tempovault/,
    /^command line .*tv\.js reindex --in-place --from-block 2000/,
    /^command line .*tv\.js sandbox up/,
    /^command line .*initdb/,
  ]) {
    expect([pattern, placesOf(pattern).some(({ text }) => text !== '')]).toEqual([pattern, true]);
  }
  expect(placesOf(/journal of systemd/)[0]?.text).toMatch(/__main__ - INFO - /);

  expect(findSecrets(everything, secrets)).toEqual([]);
});

it('would have found one in each of these places, in every form', async () => {
  const planted: Secret = { name: 'planted', value: `Tv@${randomBytes(12).toString('base64url')}/#:%?&'"<` };
  const key: Secret = { name: 'planted key', value: `0x${randomBytes(32).toString('hex')}` };
  const upper = key.value.slice(2).toUpperCase();
  const found = (evidence: readonly Evidence[]) =>
    new Set(findSecrets(evidence, [planted, key]).map(({ place, secret }) => `${secret} in ${place}`));

  for (const secret of [planted, key]) {
    for (const [form, text] of secretForms(secret.value)) {
      const leaks = findSecrets([{ place: 'text', text: `before${text}after` }], [secret]);
      expect(leaks.map((leak) => leak.form)).toContain(form);
    }
  }
  expect(found([{ place: 'text', text: upper }])).toEqual(new Set(['planted key in text']));
  expect(found([{ place: 'text', text: `… ${upper.slice(10, 40)} …` }])).toEqual(
    new Set(['planted key in text']),
  );
  expect(found(outputs)).toEqual(new Set());

  // Output, kept as tv's is.
  const script = 'process.stdout.write(process.env.A); process.stderr.write(process.env.B)';
  const env = { A: planted.value, B: upper };
  const said = await execa(process.execPath, ['-e', script], { env });
  keep('a program', { exitCode: 0, stdout: said.stdout, stderr: said.stderr });
  expect(found(outputs)).toEqual(
    new Set(['planted in stdout of a program', 'planted key in stderr of a program']),
  );

  // Files: journal, audit log, report, beside a backup.
  const [journal] = files().filter(({ place }) => /state\/runs\/.*\.jsonl$/.test(place));
  const spots = [
    journal?.place.replace('file ', '') ?? '',
    join(paths().tvState, 'audit.jsonl'),
    join(home.directory, 'reports', 'report.html'),
    join(paths().backup, 'beside-a-backup.json'),
  ];
  for (const spot of spots) appendFileSync(spot, JSON.stringify({ url: encodeURIComponent(planted.value) }));
  expect(found(files())).toEqual(new Set(spots.map((spot) => `planted in file ${spot}`)));

  // Command lines, also of a process that lives for a moment only.
  const again = await sampleProcesses();
  for (let round = 0; round < 5; round++) await execa('sh', ['-c', 'sleep 0.05; exit 0', 'sh', upper]);
  const lines = (await again.stop()).map((text) => ({ place: 'command line', text }));
  expect(found(lines)).toEqual(new Set(['planted key in command line']));
  rmSync(join(home.directory, 'reports'), { recursive: true });
});
