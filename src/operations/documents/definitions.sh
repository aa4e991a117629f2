# shellcheck shell=bash
# shellcheck disable=SC2034 # used by the document's own lines
# What the document defines after the settings of an environment: the lines from here on are printed in it.
# Uses env_value, the addresses of the contracts and libpq's variables.

# Read from the chain and the database
zeros=$(printf '%036d' 0)
FEE_MANAGER=0xfeec$zeros      # on Tempo
STABLECOIN_DEX=0xdec0$zeros   # on Tempo
FEE_TOKEN=$(env_value FEE_TOKEN)
: "${FEE_TOKEN:=0x20c0$zeros}"   # pathUSD
role() { cast call "$GOVERNANCE_ROLES_ADDRESS" "$1_ROLE()(bytes32)"; }
ADMIN_ROLE=$(role ADMIN)
EMERGENCY_ROLE=$(role EMERGENCY)
RISK_OFFICER_ROLE=$(role RISK_OFFICER)
TREASURY_MANAGER_ROLE=$(role TREASURY_MANAGER)
ORACLE_ROLE=$(role ORACLE)
NETWORK=unknown CONTRACTS=unknown SCHEMA=unknown
case $(cast code "$FEE_MANAGER") in 0x) NETWORK=plain ;; 0x?*) NETWORK=tempo ;; esac
paused() { cast call "$1" 'paused()(bool)' 2>/dev/null; }
if [ -n "$(paused "$RISK_CONTROLLER_ADDRESS")" ]; then CONTRACTS=deployed
elif [ -n "$(paused "$TREASURY_VAULT_ADDRESS")" ]; then CONTRACTS=original; fi
SCHEMA=$(psql -X -v ON_ERROR_STOP=1 -Atc "SELECT CASE
  WHEN to_regclass('events') IS NOT NULL THEN 'deployed'
  WHEN to_regclass('deposits') IS NOT NULL THEN 'original' ELSE 'unknown' END")

# The last block that the indexer has stored.
indexed_block() {
  case $SCHEMA in
    deployed) psql -X -v ON_ERROR_STOP=1 -Atc 'SELECT last_indexed_block FROM indexer_state' ;;
    original) for_each_event_table 'SELECT max(block_number) FROM %s' | sort -n | tail -n 1 ;;
    *) echo 'SCHEMA is unknown: paste the definitions again' >&2; return 1 ;;
  esac
}
# Runs a statement for every table that has a transaction hash, and so a block, of its own. %s is the table.
for_each_event_table() {
  psql -X -v ON_ERROR_STOP=1 -qAt -v statement="$1" <<'SQL'
SELECT format(:'statement', c.oid::regclass) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind = 'r' AND a.attname IN ('transaction_hash', 'tx_hash') AND pg_table_is_visible(c.oid) ORDER BY 1 \gexec
SQL
}
# Every table of the database $1 with its rows, counted in one snapshot.
table_rows() {
  psql -X -v ON_ERROR_STOP=1 -qAt -d "$1" <<'SQL'
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT format('SELECT %L, count(*) FROM %I.%I', schemaname || '.' || tablename, schemaname, tablename)
FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1 \gexec
COMMIT;
SQL
}
# Who sent the last oracle signal of the pair $1, within the last 5000 blocks.
last_oracle() {
  local head hash
  head=$(cast block-number) || return 1
  hash=$(cast logs --address "$RISK_CONTROLLER_ADDRESS" --from-block "$((head > 5000 ? head - 5000 : 0))" \
    'OracleNonceAdvanced(bytes32 indexed,uint256,uint256)' "$1" | awk '/transactionHash/ { hash = $2 } END { print hash }')
  [ -n "$hash" ] && cast tx "$hash" from
}
# What an account can pay fees with.
fee_balance() {
  case $NETWORK in
    tempo) cast call "$FEE_TOKEN" 'balanceOf(address)(uint256)' "$1" ;;
    plain) cast balance "$1" ;;
    *) echo 'NETWORK is unknown: paste the definitions again' >&2; return 1 ;;
  esac
}
# Whether the protocol is paused.
is_paused() {
  case $CONTRACTS in
    deployed) cast call "$RISK_CONTROLLER_ADDRESS" 'paused()(bool)' ;;
    original) cast call "$TREASURY_VAULT_ADDRESS" 'paused()(bool)' ;;
    *) echo 'CONTRACTS is unknown: paste the definitions again' >&2; return 1 ;;
  esac
}
