import { parsableEnvironment } from './commandLine.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What a program needs to find itself, its user, its files and its agents: names of environ(7),
 * locale(7), ssh(1), gpg-agent(1) and sd_bus_open_user(3). Anything else that tv was started with may
 * be a key or a password (`{env: NAME}` takes any name), so it is not handed on.
 */
const everyChild: ReadonlySet<string> = new Set([
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'TERM', 'TMPDIR', 'TZ'],
  ...['LANG', 'LANGUAGE', 'LC_ALL', 'LC_COLLATE', 'LC_CTYPE', 'LC_MESSAGES', 'LC_NUMERIC', 'LC_TIME'],
  ...['SSH_AUTH_SOCK', 'XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS', 'KRB5CCNAME'],
]);

/**
 * For PostgreSQL's own programs, besides: files and modes that tv does not put on their command line
 * (libpq, "Environment Variables"). The password reaches them through standard input.
 */
const libpq: ReadonlySet<string> = new Set([
  ...['PGPASSFILE', 'PGSSLMODE', 'PGSSLROOTCERT', 'PGSSLCERT', 'PGSSLKEY', 'PGSSLCRL'],
  ...['PGGSSENCMODE', 'PGCHANNELBINDING'],
]);

/**
 * For a command that prints a secret, besides: where a password manager keeps its store and its
 * session, and where it can show its question (pass, gpg, 1Password, Bitwarden, Vault, cloud CLIs).
 */
const passwordManager =
  /^(DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|XDG_(CONFIG|DATA)_HOME|GNUPGHOME|GPG_TTY|(PASSWORD_STORE|OP|BW|VAULT|AWS|CLOUDSDK|GOOGLE|AZURE)_\w+)$/;

/** For a shell that an operator works in, besides. */
const interactive =
  /^(EDITOR|VISUAL|PAGER|LESS|COLORTERM|NO_COLOR|FORCE_COLOR|DISPLAY|XDG_\w+_HOME|TV_STATE_DIR)$/;

export type ChildKind = 'plain' | 'libpq' | 'secret-command' | 'shell';

/** A private key is not handed on under any name. */
const looksLikeKey = (value: string) => /^(0x)?[0-9a-f]{64}$/i.test(value.trim());

/**
 * The variables that a child process gets, from an allow-list.
 * @param withheld names that the settings use as a source of a secret
 */
export function childEnvironment(
  kind: ChildKind = 'plain',
  inherited: Environment = process.env,
  withheld: readonly string[] = [],
): Record<string, string> {
  const kept = (name: string) =>
    everyChild.has(name) ||
    (kind === 'libpq' && libpq.has(name)) ||
    (kind === 'secret-command' && passwordManager.test(name)) ||
    (kind === 'shell' && interactive.test(name));
  const chosen = Object.entries(inherited).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && kept(entry[0]) && !withheld.includes(entry[0]) && !looksLikeKey(entry[1]),
  );
  // A person reads what a shell prints; tv parses the rest.
  const output = kind === 'plain' || kind === 'libpq' ? parsableEnvironment : {};
  return { ...Object.fromEntries(chosen), ...output };
}
