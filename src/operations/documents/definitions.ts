import type { Settings } from '../../config/settings.ts';
import { parseDatabaseUrl } from '../../database/parseDatabaseUrl.ts';
import { maskUrl } from '../../text/maskUrl.ts';
import { quoteForShell } from '../../text/shellLine.ts';
import program from './definitions.sh';

/** The settings of one environment that the document shows. Nothing of it is a secret. */
export interface DocumentEnvironment {
  readonly name: string;
  readonly settings: Pick<
    Settings,
    'sandbox' | 'chain' | 'contracts' | 'database' | 'host' | 'api' | 'backup' | 'pairs'
  >;
}

const contracts = {
  GOVERNANCE_ROLES_ADDRESS: 'governanceRoles',
  RISK_CONTROLLER_ADDRESS: 'riskController',
  TREASURY_VAULT_ADDRESS: 'treasuryVault',
  DEX_STRATEGY_ADDRESS: 'dexStrategy',
} as const;

/** "Before you start", with the one block that defines every name that more than one section uses. */
export function renderDefinitions(environment: DocumentEnvironment | undefined): string {
  return `## Before you start

**Where and as whom.** Commands with \`systemctl\`, \`journalctl\`, \`psql\`, \`pg_dump\` and \`$ENV_FILE\` run on the
host of TempoVault, as root, in bash. ${whereTheHostIs(environment)}
Commands with \`cast\` run on any machine that reaches the RPC node. Those that sign (\`cast send\`) run where the
keystores are: preferably your own machine, in a second terminal with the same definitions.

**Programs:** bash, PostgreSQL's client programs no older than the server, and \`cast\` of Foundry.

**Keys.** Never put a key on a command line: other users see it, and the shell keeps it in its history. Import each
key once. \`cast\` asks for the key and for a password without showing them:

\`\`\`bash
cast wallet import admin --interactive
cast wallet import emergency --interactive
cast wallet import risk-officer --interactive
cast wallet import treasury-manager --interactive
\`\`\`

**Definitions.** Paste this block into every terminal that you use. It changes nothing. ${
    environment === undefined
      ? `Values come from \`$ENV_FILE\` on the host; elsewhere, and where they differ, write them in.`
      : `The values are those of the environment \`${environment.name}\`. Passwords and URLs with credentials are read from \`$ENV_FILE\`; elsewhere than on the host write them in.`
  }

\`\`\`bash
${definitions(environment)}
\`\`\`

Check what was found. Do not continue while a line is empty or \`unknown\`:

\`\`\`bash
echo "chain      $(cast chain-id) (expected $CHAIN_ID), network $NETWORK"
echo "contracts  $CONTRACTS"
echo "database   $SCHEMA"
echo "roles      $ADMIN_ROLE $ORACLE_ROLE"
\`\`\`

- \`CONTRACTS\`: \`deployed\` or \`original\`, the form that the original runbook describes. They differ in the functions
  for breakers, pause and oracle.
- \`SCHEMA\`: \`deployed\` has one raw table \`events\` and a cursor in \`indexer_state\`; \`original\` has a block number
  in every table, and no cursor.
- \`NETWORK\`: \`tempo\` has no native token: fees are paid in a TIP-20 token, \`cast balance\` says nothing there, and
  a transaction with \`--value\` is refused. \`plain\` is any other chain.

**Fees on Tempo.** A transaction pays in the token that it names, else in the token that its account prefers, else in
the default. "insufficient fee token balance" means that the account lacks that token: add
\`--tempo.fee-token "$FEE_TOKEN"\` to \`cast send\` if it holds \`$FEE_TOKEN\`, or send it some.

**Reading the receipt.** \`cast send\` prints \`status 1 (success)\`, or \`true\` for a transaction that names its fee token;
otherwise \`0 (failed)\` or \`false\`. That is a failure although
\`cast\` reports no error. When \`cast send\` ends without a receipt, do not send again: look for the hash first with
\`cast receipt HASH\`.`;
}

function whereTheHostIs(environment: DocumentEnvironment | undefined): string {
  const prefix = environment?.settings.host.prefix ?? [];
  const [program = '', ...words] = prefix;
  if (environment === undefined) return 'Log in there first, and become root with `sudo -i`.';
  if (program === '')
    return 'You are on it if `systemctl status` knows the units below. Become root with `sudo -i`.';
  const line = prefix.map(quoteForShell).join(' ');
  if (program === 'sudo')
    return `tv puts \`${line}\` before these commands; by hand, become root with \`sudo -i\`.`;
  if (program === 'ssh') {
    return `tv reaches it with \`${line}\`. By hand, log in with \`${['ssh', ...words].map(quoteForShell).join(' ')}\` and become root with \`sudo -i\`.`;
  }
  if (environment.settings.sandbox)
    return 'This is a sandbox: use `tv sandbox shell`, which has these programs.';
  return `tv reaches it by putting \`${line}\` before each command. By hand, open a shell there: \`${line} bash\`.`;
}

/** What is read from the chain and the database, and the functions of the document, without the file's own head. */
const computed = program.slice(program.indexOf('\n\n') + 2).trimEnd();

function definitions(environment: DocumentEnvironment | undefined): string {
  const settings = environment?.settings;
  const units = settings?.host.units ?? {
    api: 'tempovault-api',
    indexer: 'tempovault-indexer',
    oracle: 'tempovault-oracle',
  };
  const [rpcUrl] = settings?.chain.rpcUrls ?? [];
  const apiUrl = settings?.api.url;
  return `# Host
ENV_FILE=${quoteForShell(settings?.host.envFile ?? '/home/tempovault/tempovault/.env')}
env_value() {
  sed -nE "s/^[[:space:]]*(export[[:space:]]+)?$1=//p" "$ENV_FILE" | tail -n 1 |
    sed -E "s/^'(.*)'\\$/\\1/; s/^\\"(.*)\\"\\$/\\1/"
}
# Journal lines without passwords: the indexer writes its database URL at every start.
masked() { sed -E 's|://[^@ ]*@|://***@|g'; }
API_UNIT=${quoteForShell(units.api)}
INDEXER_UNIT=${quoteForShell(units.indexer)}
ORACLE_UNIT=${quoteForShell(units.oracle)}
API_URL=${apiUrl === undefined || maskUrl(apiUrl) !== apiUrl ? '"http://127.0.0.1:$(env_value API_PORT)"' : quoteForShell(apiUrl)}
BACKUP_DIRECTORY=${quoteForShell(settings?.backup.directory ?? '/backup')}
WORK=$(mktemp -d)   # for lists to compare

# Chain
RPC_URL=${rpcUrl === undefined || maskUrl(rpcUrl) !== rpcUrl.replace(/\/$/, '') ? '$(env_value RPC_URL)' : quoteForShell(rpcUrl)}
CHAIN_ID=${settings?.chain.id ?? '$(env_value CHAIN_ID)'}
${Object.entries(contracts)
  .map(([name, key]) => `${name}=${settings?.contracts[key] ?? `$(env_value ${name})`}`)
  .join('\n')}
export ETH_RPC_URL=$RPC_URL ETH_RPC_TIMEOUT=20   # cast reads these
${pairs(settings)}
# Keystores, as imported above
ADMIN_ACCOUNT=admin
EMERGENCY_ACCOUNT=emergency
RISK_OFFICER_ACCOUNT=risk-officer
TREASURY_MANAGER_ACCOUNT=treasury-manager

# Database
${database(settings)}

${computed}`;
}

function pairs(settings: DocumentEnvironment['settings'] | undefined): string {
  const named = Object.entries(settings?.pairs ?? {});
  if (named.length === 0) return '';
  const lines = named.map(([name, pair]) => {
    const id =
      'id' in pair
        ? pair.id
        : `$(cast call "$RISK_CONTROLLER_ADDRESS" 'pairId(address,address)(bytes32)' ${pair.tokens.join(' ')})`;
    return `PAIR_${name.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}=${id}`;
  });
  return `\n# Pairs\n${lines.join('\n')}\n`;
}

/** Never the password: libpq takes it from the environment, and `.env` has it. */
function database(settings: DocumentEnvironment['settings'] | undefined): string {
  const { url, adminUrl } = settings?.database ?? {};
  const own = url === undefined ? undefined : parse(url);
  const admin = adminUrl === undefined ? undefined : parse(adminUrl);
  const asAdmin =
    admin === undefined
      ? `# A PostgreSQL program as the server's administrator.
pg_admin() { (cd / && env -u PGHOST -u PGPORT -u PGUSER -u PGPASSWORD runuser -u postgres -- "$@"); }`
      : `# A PostgreSQL program as the server's administrator; its password comes from ~/.pgpass.
pg_admin() {
  env PGHOST=${quoteForShell(admin.host)} PGPORT=${admin.port} PGUSER=${quoteForShell(admin.user)} PGPASSWORD= "$@"
}`;
  const note = own === undefined ? '   # as in INDEXER_DB_URL' : '';
  return `export PGHOST=${quoteForShell(own?.host ?? '127.0.0.1')} PGPORT=${own?.port ?? 5432}${note}
export PGUSER=${quoteForShell(own?.user ?? 'tempovault')} PGDATABASE=${quoteForShell(own?.name ?? 'tempovault')}
# The password, from .env into the environment, without showing it.
PGPASSWORD=$(env_value INDEXER_DB_URL | sed -nE 's|^[a-z0-9+]+://[^:/@]*:(.*)@[^@]*$|\\1|p')
PGPASSWORD=$(printf '%b' "\${PGPASSWORD//%/\\\\x}")
export PGPASSWORD
${asAdmin}`;
}

function parse(url: string) {
  try {
    return parseDatabaseUrl(url);
  } catch {
    return undefined;
  }
}
