// Builds the Debian package twice, compares the bytes, reads it with lintian, and installs, uses and purges it in a
// clean root of each release. Prints one line a check; exit 1 at a failure. Needs root, dpkg-deb, lintian and
// debootstrap. `npm run check:deb [-- --roots DIRECTORY]`: a directory that keeps the clean roots, one folder a
// release, for the next time.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildDebian, packageName } from './debian.ts';

const releases = ['bookworm', 'trixie'] as const;
/** Of debootstrap, and of an installation with what the package depends on. */
const limitMs = 600_000;

const { values } = parseArgs({ options: { roots: { type: 'string' } } });
const folder = mkdtempSync(join(tmpdir(), 'tv-deb-check-'));
const roots = values.roots ?? join(folder, 'roots');

let failed = 0;
function check(what: string, holds: boolean, shown = ''): void {
  console.log(`${holds ? '✔' : '✖'} ${what}${holds ? '' : `\n${shown}`}`);
  if (!holds) failed += 1;
}

const run = (words: readonly string[]) => {
  const [file = '', ...rest] = words;
  const env = { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', DEBIAN_FRONTEND: 'noninteractive' };
  const { status, stdout, stderr } = spawnSync(file, rest, { encoding: 'utf8', timeout: limitMs, env });
  return { ok: status === 0, status, stdout: stdout ?? '', all: `${stdout ?? ''}${stderr ?? ''}` };
};

try {
  const file = await buildDebian(join(folder, 'first'));
  const again = await buildDebian(join(folder, 'second'));
  check('two builds have the same bytes', readFileSync(file).equals(readFileSync(again)));
  rmSync(join(folder, 'second'), { recursive: true });
  const lintian = run(['lintian', '--fail-on', 'error', file]);
  check('lintian finds no error', lintian.ok, lintian.all);
  for (const line of lintian.all.split('\n').filter((each) => each.startsWith('W:')))
    console.log(`  ${line}`);
  for (const release of releases) inCleanRoot(release, file);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failed === 0 ? 0 : 1;

function inCleanRoot(release: string, file: string): void {
  const clean = join(roots, release);
  if (!existsSync(join(clean, 'usr/bin/dpkg'))) {
    mkdirSync(roots, { recursive: true });
    const made = run(['debootstrap', '--variant=minbase', release, clean]);
    check(`${release}: a clean root`, made.ok, made.all.slice(-2_000));
    if (!made.ok) return;
  }
  const root = join(folder, release);
  run(['cp', '-a', '--reflink=auto', clean, root]);
  copyFileSync('/etc/resolv.conf', join(root, 'etc/resolv.conf'));
  copyFileSync(file, join(root, 'tmp', basename(file)));
  // Node finds itself through /proc. The mount ends with the command.
  const inside = (...words: readonly string[]) =>
    run(['unshare', '--mount', '--pid', '--fork', `--mount-proc=${root}/proc`, 'chroot', root, ...words]);
  const shell = (line: string) => inside('sh', '-c', line);
  const named = (what: string) => `${release}: ${what}`;
  const before = filesOf(root);

  // Without what it only recommends: a host may have PostgreSQL elsewhere.
  const install = shell(
    `apt-get update -qq && apt-get install -qq -y --no-install-recommends /tmp/${basename(file)}`,
  );
  check(named('apt-get install'), install.ok, install.all);
  const listed = shell(`dpkg -L ${packageName}`).stdout;
  check(named('/usr/bin/tv'), listed.includes('\n/usr/bin/tv\n'), listed);
  const version = inside('tv', '--version');
  check(named('tv --version'), /^tv \d+\.\d+\.\d+\n$/.test(version.stdout), version.all);
  const list = inside('tv', 'runbook', 'list');
  check(named('tv runbook list'), list.ok && list.stdout.includes('tv reindex'), list.all);
  const status = inside('tv', 'status');
  check(named('tv status without a TempoVault: exit 3'), status.status === 3, status.all);
  const config = inside('tv', 'config', 'check');
  check(
    named('its conffile is read, and says nothing'),
    config.all.includes('/etc/tempovault/tv.yaml'),
    config.all,
  );
  const self = inside('tv', 'doctor', '--self', '--json');
  const { tv, paths = [] } = JSON.parse(self.stdout || '{}') as {
    readonly tv?: { readonly form: string };
    readonly paths?: readonly {
      readonly role: string;
      readonly owner: string;
      readonly mode: string;
      readonly state: string;
    }[];
  };
  check(named('tv doctor --self: the Debian package'), tv?.form === 'debian', self.all);
  const state = paths.find(({ role }) => role === 'state directory');
  const isOwn = state?.owner === 'root:tempovault' && state.mode === '0750' && state.state === 'usable';
  check(named('the state directory is root:tempovault 0750'), isOwn, self.all);
  const completed = inside(
    ...['bash', '-c'],
    'source /usr/share/bash-completion/completions/tv; COMP_WORDS=(tv db sched) COMP_CWORD=2; _tv; echo "$COMPREPLY"',
  );
  check(named('completion in bash'), completed.stdout === 'schedule\n', completed.all);
  const conffiles = shell(`dpkg-query -W -f '\${Conffiles}' ${packageName}`).stdout;
  check(
    named('/etc/tempovault/tv.yaml is a conffile'),
    conffiles.includes('/etc/tempovault/tv.yaml '),
    conffiles,
  );
  const enabled = shell('find /etc/systemd -name "tempovault-*"').stdout;
  check(named('no unit is enabled'), enabled === '', enabled);
  const verified = shell(`dpkg --verify ${packageName}`);
  // minbase has no path that dpkg leaves out.
  check(named('each file has its sum'), verified.ok && verified.stdout === '', verified.all);

  shell(
    'echo "# changed" >> /etc/tempovault/tv.yaml; mkdir -p /etc/systemd/system/timers.target.wants; ln -s /usr/lib/systemd/system/tempovault-db-backup.timer /etc/systemd/system/timers.target.wants/',
  );
  const remove = shell(`apt-get remove -qq -y ${packageName}`);
  const kept = shell('tail -n 1 /etc/tempovault/tv.yaml').stdout;
  check(named('apt-get remove keeps the configuration'), remove.ok && kept === '# changed\n', remove.all);
  const anew = shell(`apt-get install -qq -y --no-install-recommends /tmp/${basename(file)}`);
  check(named('installed again'), anew.ok && inside('tv', '--version').ok, anew.all);
  shell('echo "{}" > /var/lib/tv/audit.jsonl');
  const purge = shell(`apt-get purge -qq -y ${packageName}`);
  const audit = existsSync(join(root, 'var/lib/tv/audit.jsonl'));
  check(
    named('apt-get purge keeps an audit log, and says so'),
    purge.ok && audit && purge.all.includes('/var/lib/tv is kept'),
    purge.all,
  );
  shell(
    `rm /var/lib/tv/audit.jsonl && apt-get install -qq -y --no-install-recommends /tmp/${basename(file)}`,
  );
  const last = shell(`apt-get purge -qq -y ${packageName} && apt-get autoremove -qq -y --purge`);
  check(named('apt-get purge'), last.ok, last.all);
  const left = [...filesOf(root)].filter((path) => !before.has(path));
  check(named('nothing is left'), left.length === 0, left.join('\n'));
  rmSync(root, { recursive: true, force: true });
}

/** Without what apt and dpkg keep for themselves, and what tv's own calls above left in the home of root. */
function filesOf(root: string): ReadonlySet<string> {
  const { stdout } = run(['find', root, '-xdev', '-not', '-path', `${root}/proc/*`]);
  const own =
    /^\/(var\/(lib\/(apt|dpkg|systemd)|cache\/(apt|ldconfig|debconf)|log)|tmp|etc\/(resolv\.conf|(group|gshadow|passwd|shadow|subuid|subgid)-?$|\.pwd\.lock))/;
  return new Set(
    stdout
      .split('\n')
      .map((path) => path.slice(root.length))
      .filter((path) => !own.test(path)),
  );
}
