import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { rpc } from '../../src/sandbox/chain/rpc.ts';
import { sandboxPaths } from '../../src/sandbox/paths.ts';
import { writeFaults } from '../../src/sandbox/services/faults.ts';
import { listed } from '../support/databaseWorld.ts';
import { ownerOf, watchFile } from '../support/envWatch.ts';
import {
  contentOf,
  countEvents,
  type EventRows,
  newestBlock,
  readEventRows,
  wholeRows,
} from '../support/eventRows.ts';
import { restoredCopy } from '../support/restoredCopy.ts';
import { startSandbox, type TestSandbox } from '../support/sandbox.ts';
import { until } from '../support/until.ts';

// A whole reindex, or two, on a machine that may be busy.
vi.setConfig({ testTimeout: 150_000 });

/** Low enough that more than 5 000 of the history's events are cleared, with several hundred below it. */
const from = 400;

const forms = [
  { network: 'tempo', contracts: 'full', schema: 'deployed' },
  { network: 'plain', contracts: 'runbook', schema: 'runbook' },
] as const;

interface State {
  readonly rows: EventRows;
  readonly newest: number;
  readonly env: string;
}

describe.each(forms)('tv reindex, $schema schema, $contracts contracts, $network chain', (form) => {
  let sandbox: TestSandbox;
  let before: State;
  let run = '';
  let backup = '';

  beforeAll(async () => {
    sandbox = await startSandbox({ ...form, past: 'whole' });
    writeAsPeopleDo(sandbox.info.files.envFile);
  });
  afterAll(() => sandbox?.stop());

  const readState = async (): Promise<State> => {
    const rows = await readEventRows(sandbox);
    return { rows, newest: newestBlock(rows), env: readFileSync(sandbox.info.files.envFile, 'utf8') };
  };
  const head = async () =>
    Number(await rpc(`http://127.0.0.1:${sandbox.info.ports.chain}`, 'eth_blockNumber'));
  const cursor = async () => {
    if (form.schema === 'runbook') return undefined;
    const [row] = await sandbox.sql<{ block: string }>(
      'SELECT last_indexed_block AS block FROM indexer_state',
    );
    return Number(row?.block);
  };
  const indexer = () => indexerState(sandbox);

  it('clears over 5 000 events from a middle block and brings the same ones back', async () => {
    before = await readState();
    expect(countEvents(before.rows, (block) => block >= from)).toBeGreaterThan(5_000);
    expect(countEvents(before.rows, (block) => block < from)).toBeGreaterThan(300);
    const { envFile, backups } = sandbox.info.files;
    const owner = ownerOf(envFile);
    const watch = watchFile(envFile);
    const done = await sandbox.tv([
      'reindex',
      '--in-place',
      '--from-block',
      String(from),
      '--confirm',
      'sandbox',
      '--json',
    ]);
    const seen = await watch.stop();
    expect(done).toMatchObject({ exitCode: 0, stderr: '' });
    const events = eventsOf(done.stdout);
    expect(events.at(-1)).toMatchObject({ type: 'run.ended', outcome: 'verified', exitCode: 0 });
    run = String(events.find(({ type }) => type === 'run.started')?.['run']);

    const after = await readState();
    expect(wholeRows(after.rows, (block) => block < from)).toEqual(
      wholeRows(before.rows, (block) => block < from),
    );
    const rebuilt = (block: number) => block >= from && block <= before.newest;
    expect(contentOf(after.rows, rebuilt)).toEqual(contentOf(before.rows, rebuilt));
    // They are new rows, not the old ones left alone.
    const old = new Set(wholeRows(before.rows, rebuilt));
    expect(wholeRows(after.rows, rebuilt).filter((row) => old.has(row))).toEqual([]);

    // The chain makes a block a second, and three more when the oracle sends; the indexer polls once a second.
    if (form.schema === 'deployed') {
      const near = async () => (await head()) - ((await cursor()) ?? 0) <= 3;
      await until(near, { limitMs: 10_000, what: 'the cursor to be near the head' });
    }
    const changed = before.env.replace(/^START_BLOCK="\d+"$/m, `START_BLOCK="${from - 1}"`);
    expect(changed).not.toBe(before.env);
    expect(after.env).toBe(changed);
    expect(seen).toEqual({
      contents: [before.env, changed],
      owners: [owner],
      old: before.env,
      replaced: true,
    });
    expect(readdirSync(join(envFile, '..'))).toEqual(['.env']);
    expect(await indexer()).toMatchObject({ state: 'active', processes: 1 });

    const name = `tempovault_${run.replace('-reindex', '')}`;
    expect(readdirSync(backups)).toEqual([name]);
    backup = join(backups, name);
    await using copy = await restoredCopy(sandbox, backup);
    const kept = await readEventRows(copy);
    const known = (block: number) => block <= before.newest;
    expect(wholeRows(kept, known)).toEqual(wholeRows(before.rows, known));

    const check = await sandbox.tv(['reindex', 'check', '--from-block', String(from), '--json']);
    expect(check.exitCode).toBe(0);
    expect(JSON.parse(check.stdout)).toMatchObject({ missing: { total: 0 }, surplus: { total: 0 } });
    expect(JSON.parse(check.stdout).matched).toBeGreaterThan(5_000);
  });

  it('shows the run in list, show and report', async () => {
    const list = await sandbox.tv(['runs', 'list', '--json']);
    expect(JSON.parse(list.stdout).runs).toMatchObject([{ run, status: 'verified', unfinished: false }]);
    const show = await sandbox.tv(['runs', 'show', run]);
    expect(show.exitCode).toBe(0);
    expect(show.stdout).toContain('--confirm sandbox');
    expect(show.stdout.match(/✔ /g)).toHaveLength(7);

    const out = join(sandbox.dir, '..', '..', `report-${form.schema}`);
    const report = await sandbox.tv(['runs', 'report', run, '--out', out, '--json']);
    expect(report.exitCode).toBe(0);
    const { markdown, html, timeline } = JSON.parse(report.stdout);
    const journal = readFileSync(join(sandbox.dir, 'state', 'runs', `${run}.jsonl`), 'utf8');
    const steps = JSON.parse(journal.split('\n')[0] ?? '').plan.steps as { title: string; command: string }[];
    expect(steps).toHaveLength(7);
    for (const file of [markdown, html]) {
      const text = unescaped(readFileSync(file, 'utf8'));
      for (const { title, command } of steps) {
        expect(text).toContain(title);
        expect(text).toContain(command);
      }
      expect(text).toContain(`${process.env['SUDO_USER'] ?? 'root'}@`);
      for (const { at, took } of timeline.moments) {
        expect(at).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d$/);
        expect(text).toContain(at);
        expect(text).toContain(took);
      }
      expect(timeline.moments.filter(({ took }: { took: string }) => took !== '')).toHaveLength(7);
      const manifest = readFileSync(join(backup, 'manifest.json'));
      expect(text).toContain(`manifestSha256: ${createHash('sha256').update(manifest).digest('hex')}`);
    }
    const page = readFileSync(html, 'utf8');
    expect(page).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|\b(src|href|action)\s*=/i);
    expect(page).toMatch(/^<!doctype html>/);
  });

  it('undo → as in the backup, byte for byte; the indexer resumes from there', async () => {
    const { envFile } = sandbox.info.files;
    const undone = await sandbox.tv(['runs', 'undo', run, '--confirm', 'sandbox']);
    expect(undone.stderr).toContain('Undone and verified in ');
    expect(undone.exitCode).toBe(0);
    const target = await head();
    expect(readFileSync(envFile, 'utf8')).toBe(before.env);
    expect(existsSync(join(backup, 'manifest.json'))).toBe(true);
    expect(await indexer()).toMatchObject({ state: 'active', processes: 1 });

    await using copy = await restoredCopy(sandbox, backup);
    const kept = await readEventRows(copy);
    const bound = newestBlock(kept);
    const live = await readEventRows(sandbox);
    expect(wholeRows(live, (block) => block <= bound)).toEqual(wholeRows(kept, () => true));
    expect(contentOf(live, (block) => block <= before.newest)).toEqual(contentOf(before.rows, () => true));

    await until(async () => ((await cursor()) ?? target) >= target, {
      limitMs: 15_000,
      what: 'the indexer to catch up',
    });
    await until(
      async () => (await sandbox.tv(['reindex', 'check', '--to-block', String(target)])).exitCode === 0,
      { limitMs: 15_000, what: 'the same events on the chain and in the database', everyMs: 500 },
    );
    const list = await sandbox.tv(['runs', 'list', '--json']);
    expect(JSON.parse(list.stdout).runs).toMatchObject([{ run, status: 'undone', unfinished: false }]);
  });

  if (form.schema === 'runbook') return;

  it('its backup is listed, verified and restored like any other', async () => {
    const name = basename(backup);
    const { backups, leftovers } = await listed(sandbox);
    expect(leftovers).toEqual([]);
    expect(backups).toMatchObject([
      { name, form: 'directory', problems: [], marks: { verified: { how: 'read', problems: [] } } },
    ]);
    const verified = await sandbox.tv(['db', 'verify', name]);
    expect(verified.stderr.replace(/\s+/g, ' ')).toMatch(
      /: sound to its last byte: \d+ files, [\d ]+ rows as in the manifest/,
    );
    expect(verified.exitCode).toBe(0);

    await using copy = await restoredCopy(sandbox, backup);
    const kept = await readEventRows(copy);
    await sandbox.sql('DELETE FROM deposits');
    const restored = await sandbox.tv(['db', 'restore', name, '--confirm', 'sandbox']);
    expect(restored.stderr).toContain('Done and verified');
    expect(restored.exitCode).toBe(0);
    const bound = newestBlock(kept);
    const live = await readEventRows(sandbox);
    expect(wholeRows(live, (block) => block <= bound)).toEqual(wholeRows(kept, () => true));
  });

  it('takes block numbers as people write them', async () => {
    for (const [written, block] of [
      ['1_234', 1_234],
      ['1,234', 1_234],
      ['0x4D2', 1_234],
      ['earliest', 0],
    ] as const) {
      const dry = await sandbox.tv(['reindex', '--in-place', '--from-block', written, '--dry-run', '--json']);
      expect(dry).toMatchObject({ exitCode: 0, stderr: '' });
      const plan = eventsOf(dry.stdout).find(({ type }) => type === 'plan.ready')?.['plan'];
      const titles = (plan as { steps: { title: string }[] }).steps.map(({ title }) => title);
      const was = /^START_BLOCK="(\d+)"$/m.exec(before.env)?.[1];
      expect(titles).toContain(`set START_BLOCK in .env: ${was} → ${Math.max(0, block - 1)}`);
    }
    for (const written of ['12a', '-1', '1_23', '1.5', '0x', '99999999999999999999']) {
      const wrong = await sandbox.tv(['reindex', '--in-place', `--from-block=${written}`]);
      expect(wrong.exitCode).toBe(2);
      expect(wrong.stderr).toContain('expected a block number');
    }
    expect(readFileSync(sandbox.info.files.envFile, 'utf8')).toBe(before.env);
  });

  it('starts and does not wait, with the backup in a folder of choice', async () => {
    const folder = join(sandbox.dir, 'other backups');
    mkdirSync(folder);
    const state = await readState();
    const done = await sandbox.tv([
      'reindex',
      '--in-place',
      '--from-block',
      '0x3E8',
      '--no-wait',
      '--backup-dir',
      folder,
      '--confirm',
      'sandbox',
    ]);
    expect(done.exitCode).toBe(0);
    expect(done.stderr).toContain('not compared with the chain, because of --no-wait');
    expect(readdirSync(folder)).toEqual([expect.stringMatching(/^tempovault_\d{8}-\d{6}-[0-9a-f]{4}$/)]);
    const target = await head();
    await until(async () => ((await cursor()) ?? 0) >= target, { limitMs: 30_000, what: 'the head' });
    const after = await readState();
    expect(wholeRows(after.rows, (block) => block < 1_000)).toEqual(
      wholeRows(state.rows, (block) => block < 1_000),
    );
    expect(contentOf(after.rows, (block) => block <= state.newest)).toEqual(
      contentOf(state.rows, () => true),
    );
  });

  it('loses older history by --truncate only where that is overruled; earliest brings it back', async () => {
    const state = await readState();
    const truncate = ['reindex', '--in-place', '--from-block', '1_500', '--truncate', '--confirm', 'sandbox'];
    const refused = await sandbox.tv(truncate);
    expect(refused.exitCode).toBe(3);
    expect(refused.stderr).toContain('--override older-history');
    expect(wholeRows(await readEventRows(sandbox), (block) => block <= state.newest)).toEqual(
      wholeRows(state.rows, () => true),
    );

    const done = await sandbox.tv([...truncate, '--override', 'older-history', '--reason', 'a drill']);
    expect(done.stderr).toContain('overruled: a drill');
    expect(done.exitCode).toBe(0);
    const after = await readState();
    expect(wholeRows(after.rows, (block) => block < 1_500)).toEqual([]);
    const kept = (block: number) => block >= 1_500 && block <= state.newest;
    expect(contentOf(after.rows, kept)).toEqual(contentOf(state.rows, kept));
    const audit = readFileSync(join(sandbox.dir, 'state', 'audit.jsonl'), 'utf8')
      .trim()
      .split('\n');
    expect(JSON.parse(audit.at(-1) ?? '').overrides).toEqual([{ check: 'older-history', reason: 'a drill' }]);

    // Too short a time: the run stops waiting, says so, and can be resumed.
    const { faults } = sandboxPaths(sandbox.dir);
    writeFaults(faults, [{ mode: 'slow', ms: 20 }]);
    const short = await sandbox.tv([
      'reindex',
      '--in-place',
      '--from-block',
      'earliest',
      '--timeout',
      '2s',
      '--confirm',
      'sandbox',
    ]);
    writeFaults(faults, []);
    expect(short.exitCode).toBe(1);
    expect(short.stderr).toContain(`tv -e sandbox resume `);
    expect(await indexer()).toMatchObject({ state: 'active', processes: 1 });
    const unfinished = await sandbox.tv(['runs', 'list', '--json']);
    expect(JSON.parse(unfinished.stdout).runs[0]).toMatchObject({ status: 'failed', unfinished: true });
    const target = await head();
    await until(async () => ((await cursor()) ?? 0) >= target, { limitMs: 60_000, what: 'the head' });
    // That is also all that a resumed run waits for the newest block, so it may need another try.
    await until(
      async () => {
        const { exitCode, stderr } = await sandbox.tv(['resume', '--confirm', 'sandbox']);
        if (exitCode !== 0)
          expect([exitCode, stderr]).toEqual([1, expect.stringContaining('tv -e sandbox resume ')]);
        else expect(stderr).toContain('Done and verified');
        return exitCode === 0;
      },
      { limitMs: 120_000, what: 'the resumed run to be verified' },
    );
    const whole = await readEventRows(sandbox);
    expect(contentOf(whole, (block) => block <= state.newest)).toEqual(contentOf(state.rows, () => true));
  });
});

/** Comments that look like settings, quotes, a blank at a line's end, and no line break at the end. */
function writeAsPeopleDo(file: string): void {
  const text = readFileSync(file, 'utf8')
    .replace(/^START_BLOCK=(\d+)$/m, '# START_BLOCK=7 was the first deployment \n\nSTART_BLOCK="$1"')
    .concat("OLD_START_BLOCK='5'\n\n  # écrit à la main\nEXTRA=\"a 'b' #c\"");
  writeFileSync(file, text);
  chownSync(file, 65_534, 12_345);
  chmodSync(file, 0o640);
}

function eventsOf(stdout: string): Record<string, unknown>[] {
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

async function indexerState(sandbox: TestSandbox): Promise<{ state: string; processes: number }> {
  const state = await sandbox.systemctl('is-active', 'tempovault-indexer');
  const found = await sandbox.inside('pgrep', '-fc', 'event_indexer');
  return { state: state.stdout.trim(), processes: Number(found.stdout.trim()) };
}

/** Markdown and HTML as the text that they show. */
function unescaped(text: string): string {
  return text
    .replaceAll('\\|', '|')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');
}
