import type { Deployment } from '../chain/deployment.ts';

export interface EnvFileValues {
  readonly rpcUrl: string;
  readonly deployment: Deployment;
  /** Secret. */
  readonly databaseUrl: string;
  /** Secret. */
  readonly oracleKey: string;
  readonly apiPort: number;
  readonly startBlock: number;
}

/**
 * TempoVault's `.env`, written as such files are: by several hands, with comments and three ways
 * of quoting. Whoever edits it has to keep all of that.
 */
export function envFileText({
  rpcUrl,
  deployment,
  databaseUrl,
  oracleKey,
  apiPort,
  startBlock,
}: EnvFileValues): string {
  return `# TempoVault backend. Services read this file when they start.

# --- Chain ---
RPC_URL="${rpcUrl}"
CHAIN_ID=${deployment.chainId}

# --- Contracts ---
GOVERNANCE_ROLES_ADDRESS=${deployment.addresses.governanceRoles}
RISK_CONTROLLER_ADDRESS='${deployment.addresses.riskController}'
TREASURY_VAULT_ADDRESS="${deployment.addresses.treasuryVault}"
DEX_STRATEGY_ADDRESS=${deployment.addresses.dexStrategy}

# --- Oracle relay ---
# The account that signs and pays.
ORACLE_PRIVATE_KEY=${oracleKey}
# The relay takes pair, tokens and interval from its command line, not from here.
ORACLE_UPDATE_INTERVAL=60
${feeToken(deployment)}
# --- Indexer ---
INDEXER_DB_URL='${databaseUrl}'
# counts only while the database has no cursor
START_BLOCK=${startBlock}
POLL_INTERVAL=1

# --- API ---
API_PORT=${apiPort}
ALLOWED_ORIGINS="http://localhost:3000,https://app.tempovault.example"
`;
}

/** On Tempo the relay names what it pays in: anvil holds a fresh account's other transactions up. */
function feeToken({ network, tokens }: Deployment): string {
  const [first] = tokens;
  return network === 'tempo' && first !== undefined ? `FEE_TOKEN=${first.address}\n` : '';
}
