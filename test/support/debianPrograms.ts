import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { publishFolder } from '../../src/sandbox/publishFolder.ts';

const execute = promisify(execFile);

/** Of Debian 13: PostgreSQL 17's clients and server, PgBouncer, and the libraries that they load. */
const packages = [
  ...['postgresql-client-17', 'postgresql-17', 'pgbouncer'],
  ...['libc6', 'libgcc-s1', 'libstdc++6', 'libcrypt1', 'zlib1g', 'libzstd1', 'liblz4-1', 'liblzma5'],
  ...['libpq5', 'libssl3t64', 'libkrb5-3', 'libkrb5support0', 'libk5crypto3', 'libgssapi-krb5-2'],
  ...['libcom-err2', 'libkeyutils1', 'libsasl2-2', 'libldap2', 'libxxhash0', 'libtinfo6', 'libreadline8t64'],
  ...['libicu76', 'libxml2', 'libxslt1.1', 'libpam0g', 'libaudit1', 'libcap-ng0', 'libsystemd0', 'libcap2'],
  ...['libgcrypt20', 'libgpg-error0', 'libuuid1', 'libselinux1', 'libpcre2-8-0', 'libevent-2.1-7t64'],
  ...['libcares2', 'ca-certificates'],
];

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
const cache = fileURLToPath(new URL('../../node_modules/.cache/debian-13', import.meta.url));
/** Downloading 40 MB over a slow line, in milliseconds. */
const limitMs = 110_000;

export interface DebianPrograms {
  /** Holds `pg_dump`, `pg_restore`, `psql`, `initdb`, `postgres` and `pg_recvlogical` of PostgreSQL 17. */
  readonly bin17: string;
  readonly pgbouncer: string;
}

/**
 * Programs of Debian 13 in a folder of the tests' own, run by their own loader and C library, so that
 * they work beside those of the machine. Downloaded once; apt checks every signature and sum, with
 * lists and state of its own, and installs nothing.
 * @returns the programs, or in one sentence why they cannot be had here
 */
export async function debianPrograms(): Promise<DebianPrograms | string> {
  const found = {
    bin17: join(cache, 'usr/lib/postgresql/17/bin'),
    pgbouncer: join(cache, 'usr/sbin/pgbouncer'),
  };
  if (existsSync(cache)) return found;
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'they are for Linux on x86-64';
  if (!existsSync(keyring)) return `there is no ${keyring}`;
  try {
    await publishFolder(cache, async (draft) => {
      await download(draft);
      const root = join(draft, 'root');
      for (const folder of ['usr/lib/postgresql/17/bin', 'usr/sbin']) await wrap(root, folder);
      return root;
    });
    return found;
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim().split('\n').at(-1);
    return `they cannot be downloaded: ${said || (error as Error).message.split('\n')[0]}`;
  }
}

async function download(draft: string): Promise<void> {
  for (const folder of ['lists/partial', 'cache/archives/partial', 'debs', 'root']) {
    await mkdir(join(draft, folder), { recursive: true });
  }
  await writeFile(join(draft, 'status'), '');
  await writeFile(
    join(draft, 'sources.list'),
    `deb [arch=amd64 signed-by=${keyring}] http://deb.debian.org/debian trixie main\n`,
  );
  const options = {
    'Dir::State': draft,
    'Dir::State::lists': join(draft, 'lists'),
    'Dir::State::status': join(draft, 'status'),
    'Dir::Cache': join(draft, 'cache'),
    'Dir::Etc::sourcelist': join(draft, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    'APT::Sandbox::User': '',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '1',
    'Acquire::http::Timeout': '10',
  };
  const flags = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const at = { cwd: join(draft, 'debs'), timeout: limitMs };
  await execute('apt-get', [...flags, '-q', 'update', '--error-on=any'], at);
  await execute('apt-get', [...flags, '-q', 'download', ...packages], at);
  for (const file of await readdir(at.cwd)) {
    await execute('dpkg', ['-x', join(at.cwd, file), join(draft, 'root')]);
  }
}

/** `initdb` starts the `postgres` beside it, so each program is a script that names its own loader. */
async function wrap(root: string, folder: string): Promise<void> {
  const libraries = join(cache, 'usr/lib/x86_64-linux-gnu');
  for (const name of await readdir(join(root, folder))) {
    const file = join(root, folder, name);
    await rename(file, `${file}.elf`);
    await writeFile(
      file,
      `#!/bin/sh\nexec '${libraries}/ld-linux-x86-64.so.2' --library-path '${libraries}' --argv0 "$0" '${join(cache, folder, name)}.elf' "$@"\n`,
    );
    await chmod(file, 0o755);
  }
}
