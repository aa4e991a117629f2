// Makes the Debian package tempovault-tv of the standalone executable: out/deb/tempovault-tv_VERSION-1_ARCH.deb, with
// its SHA-256 sum beside it. Needs `npm run build` first, and dpkg-deb. DEBFULLNAME and DEBEMAIL name its maintainer.
// `node scripts/debian.ts [DIRECTORY]` makes it somewhere else.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { resolveSettings } from '../src/config/resolveSettings.ts';
import { starterConfig } from '../src/config/starterConfig.ts';
import { monitorUnitFile } from '../src/host/monitorUnit.ts';
import { scheduleLock, scheduleUnits } from '../src/host/schedule/scheduleUnits.ts';
import type { HostCall, UnitFile } from '../src/host/unitFile.ts';
import { loadProgramsAsText } from './programs.ts';
import { sourceDate } from './sourceDate.ts';
import { buildStandalone } from './standalone.ts';

export const packageName = 'tempovault-tv';
const root = fileURLToPath(new URL('..', import.meta.url));
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/**
 * @param target a folder; it is made
 * @returns the path of the package
 * @throws Error where a tool is missing, or this platform is not one of Debian's
 */
export async function buildDebian(target: string): Promise<string> {
  const architecture = architectures[process.arch];
  if (process.platform !== 'linux' || architecture === undefined) {
    throw new Error(`no Debian package of ${process.platform}-${process.arch}`);
  }
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const date = sourceDate(root);
  const work = mkdtempSync(join(tmpdir(), 'tv-deb-'));
  try {
    const tree = join(work, 'tree');
    const made = join(work, 'standalone');
    const executable = await buildStandalone(made);
    await writeTree(tree, { executable, made, version, date });
    writeControl(tree, { version, architecture });
    mkdirSync(target, { recursive: true });
    const file = join(target, `${packageName}_${version}-1_${architecture}.deb`);
    // Times of files and archive, where they are newer, and no owner but root.
    const env = { ...process.env, SOURCE_DATE_EPOCH: String(date.getTime() / 1000) };
    execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', '-z1', '--build', tree, file], {
      env,
      stdio: 'pipe',
    });
    const sum = createHash('sha256').update(readFileSync(file)).digest('hex');
    writeFileSync(`${file}.sha256`, `${sum}  ${basename(file)}\n`);
    return file;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

interface Parts {
  readonly executable: string;
  /** Where the executable was made, with what goes with it. */
  readonly made: string;
  readonly version: string;
  readonly date: Date;
}

async function writeTree(tree: string, { executable, made, version, date }: Parts): Promise<void> {
  const put = (path: string, content: string | Buffer, mode = 0o644) => {
    mkdirSync(dirname(join(tree, path)), { recursive: true, mode: 0o755 });
    writeFileSync(join(tree, path), content);
    chmodSync(join(tree, path), mode);
  };
  const read = (path: string) => readFileSync(join(root, path), 'utf8');
  /** As `gzip -9n`: without a name and a time. */
  const zipped = (text: string) => gzipSync(text, { level: 9 });
  const documents = `usr/share/doc/${packageName}`;

  mkdirSync(join(tree, 'usr/bin'), { recursive: true });
  copyFileSync(executable, join(tree, 'usr/bin/tv'));
  chmodSync(join(tree, 'usr/bin/tv'), 0o755);
  put('usr/share/man/man1/tv.1.gz', zipped(read('dist/man/tv.1')));
  put('usr/share/bash-completion/completions/tv', read('runbooks/completion.bash'));
  put('usr/share/zsh/vendor-completions/_tv', read('runbooks/completion.zsh'));
  put('usr/share/fish/vendor_completions.d/tv.fish', read('runbooks/completion.fish'));
  for (const { unit, text } of await units()) put(`usr/lib/systemd/system/${unit}`, text);
  put('etc/tempovault/tv.yaml', await commentedConfig());
  put(`${documents}/copyright`, copyright());
  put(`${documents}/changelog.gz`, zipped(read('CHANGELOG.md')));
  put(`${documents}/changelog.Debian.gz`, zipped(debianChangelog(version, date)));
  put(`${documents}/README.md.gz`, zipped(read('README.md')));
  for (const name of ['THIRD-PARTY-LICENSES.txt', 'sbom.cdx.json']) {
    put(`${documents}/${name}.gz`, zipped(readFileSync(join(made, name), 'utf8')));
  }
  put(`usr/share/lintian/overrides/${packageName}`, read('scripts/debian/lintian-overrides'));
}

/** Those that `tv db schedule install` and `tv monitor install` write, for the environment `production`. */
async function units(): Promise<readonly Pick<UnitFile, 'unit' | 'text'>[]> {
  loadProgramsAsText();
  const { default: install } = await import('../runbooks/monitor/install.ts');
  const { flagsOf } = await import('../runbooks/monitor/install.preflight.ts');
  const environment = 'production';
  const call: HostCall = {
    environment,
    program: ['/usr/bin/tv'],
    flags: ['-e', environment, '--set', 'host.prefix=[]'],
    variables: {},
  };
  const defaults = Object.fromEntries(
    Object.entries(install.input).map(([name, { schema }]) => [name, schema.parse(undefined)]),
  );
  const files = [
    ...scheduleUnits({ ...call, lock: scheduleLock, flock: '/usr/bin/flock' }),
    monitorUnitFile(call, flagsOf(defaults as unknown as Parameters<typeof flagsOf>[0])),
  ];
  const head = `# Of the Debian package ${packageName}, and disabled at first. tv db schedule install and tv monitor install
# write units of these names to /etc/systemd/system, which are used in place of these.
`;
  // The first line says that an install command made the file.
  return files.map(({ unit, text }) => ({ unit, text: `${head}${text.slice(text.indexOf('\n') + 1)}` }));
}

/** The file that `tv config init` writes where nothing is known yet, each line of it a comment. */
async function commentedConfig(): Promise<string> {
  const { settings, origins } = await resolveSettings({
    flags: { env: undefined, config: undefined, set: new Map() },
    processEnv: { HOME: '/nonexistent' },
    paths: { machineConfig: '/nonexistent/tv.yaml', root: true },
  });
  const lines = starterConfig(settings, origins).split('\n');
  return lines.map((line) => (line === '' || line.startsWith('#') ? line : `# ${line}`)).join('\n');
}

/** debian.org/doc/packaging-manuals/copyright-format/1.0 */
function copyright(): string {
  const license = readFileSync(join(root, 'LICENSE'), 'utf8');
  const holder = /^Copyright \(c\) (.+)$/m.exec(license)?.[1];
  if (holder === undefined) throw new Error('LICENSE names no holder');
  const terms = license.slice(license.indexOf('Permission is')).trim();
  const indented = terms.split('\n').map((line) => (line === '' ? ' .' : ` ${line}`));
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: tv
Comment: /usr/bin/tv holds Node.js and the packages whose licences are in
 THIRD-PARTY-LICENSES.txt.gz beside this file; sbom.cdx.json.gz lists their
 versions.

Files: *
Copyright: ${holder}
License: Expat

License: Expat
${indented.join('\n')}
`;
}

function maintainer(): string {
  const { DEBFULLNAME: name = 'TempoVault', DEBEMAIL: address = 'tv@packages.tempovault.invalid' } =
    process.env;
  return `${name} <${address}>`;
}

/** deb-changelog(5) */
function debianChangelog(version: string, date: Date): string {
  return `${packageName} (${version}-1) unstable; urgency=medium

  * Release ${version} of tv. What it changes is in changelog.gz.

 -- ${maintainer()}  ${date.toUTCString().replace('GMT', '+0000')}
`;
}

/** Of what is not essential in Debian. What of the machine it needs is what its ELF header asks for: glibc 2.28 and the C++ library of GCC 5. */
function writeControl(
  tree: string,
  { version, architecture }: { readonly version: string; readonly architecture: string },
): void {
  const files = readdirSync(tree, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  const bytes = files.reduce((sum, file) => sum + lstatSync(file).size, 0);
  const control = join(tree, 'DEBIAN');
  mkdirSync(control, { mode: 0o755 });
  writeFileSync(
    join(control, 'control'),
    `Package: ${packageName}
Version: ${version}-1
Architecture: ${architecture}
Maintainer: ${maintainer()}
Installed-Size: ${Math.ceil(bytes / 1024)}
Depends: libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 5), passwd
Recommends: curl, openssh-client, postgresql-client, systemd, zstd
Suggests: less, man-db, postgresql
Section: admin
Priority: optional
Description: operator CLI of TempoVault
 Every section of the operations runbook is one command that checks, shows its
 plan, asks, acts once, verifies, and can be resumed after any interruption.
 .
 The package brings its own Node.js, completion for bash, zsh and fish, and
 disabled systemd units for database maintenance and the monitor.
`,
  );
  writeFileSync(join(control, 'conffiles'), '/etc/tempovault/tv.yaml\n');
  const sums = files
    .map(
      (file) => [relative(tree, file), createHash('md5').update(readFileSync(file)).digest('hex')] as const,
    )
    .filter(([path]) => !path.startsWith('etc/'));
  writeFileSync(join(control, 'md5sums'), sums.map(([path, sum]) => `${sum}  ${path}\n`).join(''));
  for (const name of ['conffiles', 'control', 'md5sums']) chmodSync(join(control, name), 0o644);
  for (const name of ['postinst', 'prerm', 'postrm']) {
    copyFileSync(join(root, 'scripts/debian', `${name}.sh`), join(control, name));
    chmodSync(join(control, name), 0o755);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(await buildDebian(resolve(root, process.argv[2] ?? 'out/deb')));
}
