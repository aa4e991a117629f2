import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pathOf } from '../support/pathOf.ts';
import { measurePeak } from '../support/peakMemory.ts';
import { type TvHome, tvHome } from '../support/sandbox.ts';

const folder = mkdtempSync(join(tmpdir(), 'tv-incident-'));
let home: TvHome;
beforeAll(async () => {
  home = await tvHome();
});
afterAll(async () => {
  await home[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

let made = 0;

/** A PATH on which journalctl and systemctl are these shell programs. */
function machine(journalctl: string, systemctl = allActive): string {
  return pathOf(join(folder, String(made++)), { journalctl, systemctl });
}

/** Units that have been active for long. */
const allActive = `case $1 in
is-system-running) echo running ;;
*) for word in "$@"; do case $word in tempovault-*)
  printf 'Id=%s.service\\nLoadState=loaded\\nActiveState=active\\nSubState=running\\nActiveEnterTimestamp=Mon 2020-01-06 10:00:00 UTC\\n\\n' "$word" ;; esac; done ;;
esac`;
const noSystemd = `echo 'System has not been booted with systemd as init system (PID 1).' >&2; exit 1`;

/** `own AGE UNIT TEXT`: an entry of a service. `of_systemd AGE UNIT ID TEXT`: of systemd about it. */
const entries = `now=$(date +%s)
own() { printf '{"__REALTIME_TIMESTAMP":"%s000000","_SYSTEMD_UNIT":"tempovault-%s.service","_PID":"7","MESSAGE":"%s"}\\n' "$((now - $1))" "$2" "$3"; }
of_systemd() { printf '{"__REALTIME_TIMESTAMP":"%s000000","_SYSTEMD_UNIT":"init.scope","UNIT":"tempovault-%s.service","MESSAGE_ID":"%s","_PID":"1","MESSAGE":"%s"}\\n' "$((now - $1))" "$2" "$3" "$4"; }
exited=98e322203f7a4ed290d09fe03c09fe15 started=39f53479d3a045ac8e11786248231fbf
own 90000 api old`;
const story = `${entries}
own 1500 api ready; own 1500 oracle accepted; own 1400 indexer 'Connected to postgresql://tempovault:hunter2@db/tempovault'
of_systemd 1200 indexer $exited 'tempovault-indexer.service: Main process exited, code=killed, status=9/KILL'
of_systemd 600 indexer $started 'Started the indexer.'
own 500 indexer 'Error processing block 7: <script>alert(1)</script> | ![x](http://evil)'
own 400 indexer 'Error processing block 8: <script>alert(1)</script> | ![x](http://evil)'`;

interface Data {
  readonly schema: string;
  readonly entries: readonly { readonly of: string; readonly what: string; readonly level: string }[];
  readonly services: readonly {
    readonly service: string;
    readonly downMs: number;
    readonly state: string;
    readonly why: string | null;
  }[];
  readonly sources: readonly { readonly source: string; readonly state: string; readonly summary: string }[];
  readonly missing: readonly { readonly source: string; readonly reason: string }[];
  readonly errors: { readonly total: number; readonly leftOut: number };
}

const tv = (bin: string, ...args: readonly string[]) =>
  home.tv(['incident', ...args], { env: { PATH: `${bin}:/usr/bin:/bin` } });
async function read(bin: string): Promise<Data & { readonly exitCode: number }> {
  const { exitCode, stdout } = await tv(bin, '--since', '40m', '--json');
  return { exitCode, ...(JSON.parse(stdout) as Data) };
}
const sourceOf = ({ sources }: Data, name: string) => sources.find(({ source }) => source === name);

describe('services, by the journal alone', () => {
  it('how long each was down, errors folded, a note; chain and database without settings are named', async () => {
    const bin = machine(story);
    const noted = await tv(bin, 'note', 'called', 'the provider');
    expect([noted.exitCode, noted.stdout]).toEqual([0, expect.stringContaining('called the provider')]);
    const data = await read(bin);
    expect([data.schema, data.exitCode]).toEqual(['tv.incident/1', 1]);
    expect(data.services.map(({ service, downMs, state }) => [service, downMs, state])).toEqual([
      ['api', 0, 'up'],
      ['indexer', 600_000, 'up'],
      ['oracle', 0, 'up'],
    ]);
    expect(data.entries.filter(({ of }) => of !== 'missing').map(({ of, what }) => `${of}: ${what}`)).toEqual(
      [
        'indexer: down for 10 min: Main process exited, code=killed, status=9/KILL',
        'indexer: up after 10 min',
        'indexer: 2 × Error processing block N: <script>alert(N)</script> | ![x](http://evil)',
        expect.stringMatching(/^notes: \S+@\S+: called the provider$/),
      ],
    );
    expect(data.sources.map(({ source, state }) => [source, state])).toEqual([
      ['chain', 'unread'],
      ['journal', 'read'],
      ['cursor', 'unread'],
      ['monitor', 'absent'],
      ['runs', 'read'],
      ['calls', 'read'],
      ['notes', 'read'],
    ]);
    expect(data.missing.map(({ source }) => source)).toEqual(['chain', 'cursor', 'monitor']);
    expect(JSON.stringify(data)).not.toContain('hunter2');
  });

  it('HTML: nothing of the journal is markup, and only the style of the page itself is allowed', async () => {
    const file = join(folder, 'incident.html');
    const { exitCode, stdout } = await tv(machine(story), '--since', '40m', '--html', file);
    expect([exitCode, stdout]).toEqual([1, `HTML  ${file}\n`.trimEnd()]);
    const html = readFileSync(file, 'utf8');
    expect(html).toContain('&lt;script&gt;alert(N)');
    expect(html).not.toMatch(/<script|<img|<a |<link|\sstyle=|\son\w+=/i);
    const style = /<style>([^<]*)<\/style>/.exec(html)?.[1] ?? '';
    const digest = createHash('sha256').update(style).digest('base64');
    expect(html).toContain(`content="default-src 'none'; style-src 'sha256-${digest}';`);
    expect(html).toContain('Missing from this timeline');
  });

  it('Markdown: neither markup nor a picture of the journal', async () => {
    const { exitCode, stdout } = await tv(machine(story), '--since', '40m', '--markdown');
    expect(exitCode).toBe(1);
    expect(stdout).toContain('&lt;script&gt;alert(N)&lt;/script&gt; \\| !\\[x\\](http://evil)');
    expect(stdout).not.toContain('<script');
  });
});

describe('a journal that cannot be read', () => {
  const hint = `echo 'Hint: You are currently not seeing messages from other users and the system.' >&2`;
  it.each<[string, () => string, string, RegExp]>([
    [
      'no files',
      () => machine(`echo 'No journal files were found.' >&2`),
      'unread',
      /No journal files were found/,
    ],
    ['no systemd', () => machine('exit 0', noSystemd), 'unread', /the journal holds no entry/],
    ['no permission', () => machine(hint), 'unread', /not seeing messages from other users/],
    ['a failure', () => machine(`echo 'Failed to search: I/O error' >&2; exit 1`), 'unread', /I\/O error/],
    [
      'a damaged file: what can be read is shown',
      () => machine(`${story}\necho 'Journal file /x is truncated, ignoring file.' >&2`),
      'partly',
      /entries may be missing: .*is truncated/,
    ],
    [
      'one that begins later',
      () => machine(story.replace('own 90000 api old', 'own 1600 api old')),
      'partly',
      /the journal begins 20/,
    ],
  ])('%s', async (_, make, state, reason) => {
    const data = await read(make());
    expect([data.exitCode, sourceOf(data, 'journal')?.state]).toEqual([1, state]);
    const missing = data.missing.find(({ source }) => source === 'journal');
    expect(missing?.reason).toMatch(reason);
    expect(
      data.entries
        .filter(({ of }) => of === 'missing')
        .map(({ what }) => what)
        .join(),
    ).toContain('journals');
  });

  it('neither journal nor systemd → no service is said to have been up', async () => {
    const bin = machine('exit 0', noSystemd);
    const data = await read(bin);
    expect(data.services.map(({ state }) => state)).toEqual(['unknown', 'unknown', 'unknown']);
    const { stdout } = await tv(bin, '--since', '40m');
    expect(stdout).not.toContain('every source was read');
    expect(stdout).toContain('unknown whether it was up');
  });
});

describe('what is asked for', () => {
  it.each<[string, readonly string[], RegExp]>([
    ['no time', [], /--since is needed/],
    ['the future', ['--since', '2999-01-01'], /--since lies in the future/],
    ['an end before the begin', ['--since', '10m', '--until', '20m'], /--until has to be later/],
    ['no time at all', ['--since', 'yesteryear'], /expected a time/],
    ['another file', ['--since', '10m', '--html', '.env'], /ends in \.html/],
    ['two forms', ['--since', '10m', '--markdown', '--html', 'x.html'], /exclude each other/],
    ['an empty note', ['note', ' '], /text of the note is needed/],
  ])('%s → exit 2, nothing is written', async (_, args, reason) => {
    const { exitCode, stderr } = await tv(machine('exit 0'), ...args);
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(reason)]);
    expect(existsSync('x.html')).toBe(false);
  });
});

it('200 000 entries, each an error of a kind of its own, and 20 000 restarts → bounded memory', async () => {
  const bin = machine(`exec awk 'BEGIN { t = systime() - 2000; for (i = 0; i < 200000; i++) {
  word = ""; for (n = i; n > 0; n = int(n / 26)) word = word sprintf("%c", 97 + n % 26)
  printf "{\\"__REALTIME_TIMESTAMP\\":\\"%d%06d\\",\\"_SYSTEMD_UNIT\\":\\"tempovault-api.service\\",\\"_PID\\":\\"7\\",\\"MESSAGE\\":\\"Error %s\\"}\\n", t + int(i / 100), i % 100, word
  if (i % 10 == 0) printf "{\\"__REALTIME_TIMESTAMP\\":\\"%d%06d\\",\\"_SYSTEMD_UNIT\\":\\"init.scope\\",\\"UNIT\\":\\"tempovault-api.service\\",\\"MESSAGE_ID\\":\\"%s\\",\\"MESSAGE\\":\\"Main process exited, code=killed\\"}\\n", t + int(i / 100), i % 100, (i % 20 == 0) ? "98e322203f7a4ed290d09fe03c09fe15" : "39f53479d3a045ac8e11786248231fbf" } }'`);
  const { stdout, stderr } = await home.tv(['incident', '--since', '1h', '--json'], {
    env: { PATH: `${bin}:/usr/bin:/bin`, NODE_OPTIONS: measurePeak(folder) },
  });
  const data = JSON.parse(stdout) as Data;
  expect([data.errors.total, data.errors.leftOut]).toEqual([200_000, 199_900]);
  expect(sourceOf(data, 'journal')?.summary).toContain('220 000 entries');
  // In KiB. Keeping the entries would take about 200 MiB more.
  expect(Number(/peak (\d+)/.exec(stderr)?.[1])).toBeLessThan(150 * 1024);
});
