import { cursorAndHead, maskedJournal, rightChain } from '../src/operations/documents/byHandLines.ts';
import type { ByHand } from '../src/runbook/define.ts';

/** Rows below the block, by table: these have to be the same before and after. */
const rowsBelow = `psql -X -v ON_ERROR_STOP=1 -qAt -v block="$BLOCK" <<'SQL'
SELECT format('SELECT %L, count(*) FROM %s WHERE block_number < %s', c.oid::regclass, c.oid::regclass, :'block')
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind = 'r' AND a.attname IN ('transaction_hash', 'tx_hash') AND pg_table_is_visible(c.oid) ORDER BY 1 \\gexec
SQL`;

export const byHand: ByHand = {
  when: 'after damage to the database, to fill in history, or after a change of the schema. Not for an indexer that is only stalled: restart that one first.',
  variables: { BLOCK: 'the first block to index again, such as 12345678; rows below it stay' },
  checks: [
    rightChain,
    {
      what: 'The RPC node still has the logs of that block. Many nodes keep only recent ones.',
      run: 'cast block "$BLOCK" --field hash && cast logs --from-block "$BLOCK" --to-block "$BLOCK" --address "$TREASURY_VAULT_ADDRESS"',
      expect:
        'A hash, then logs or nothing. An error means that this node cannot serve the reindex: do not clear anything.',
      prints: /^0x[0-9a-f]{64}/,
    },
    cursorAndHead,
    {
      what: 'One indexer, and no other writer.',
      run: `pgrep -fc event_indexer
psql -X -v ON_ERROR_STOP=1 -Atc "SELECT pid, usename, application_name, state FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid()"`,
      expect: '1, and only sessions of the API and the indexer.',
      prints: /^\d+/,
    },
    {
      what: 'Rows below the block, which have to be the same afterwards.',
      run: rowsBelow,
      expect: 'One line a table. Keep the output.',
      prints: /^\w+\|\d+/,
    },
  ],
  steps: [
    {
      what: 'Stop the indexer. It writes the cursor that you are about to change.',
      run: 'systemctl stop "$INDEXER_UNIT"; systemctl is-active "$INDEXER_UNIT"',
      expect: '`inactive`.',
    },
    {
      what: 'Make a backup and prove it: [Back up the database](#back-up-the-database), steps 1 to 6. Then check that it is there.',
      run: 'ls -l "$BACKUP" "$BACKUP.sha256"',
      expect: 'Two files with sizes above 0. Without them stop here.',
    },
    {
      what: 'Index the references to `events`, if there are none. Without it clearing many rows takes hours.',
      run: `psql -X -v ON_ERROR_STOP=1 <<'SQL'
SELECT format('CREATE INDEX IF NOT EXISTS %I ON %s (event_id)', 'idx_' || c.relname || '_event_id', c.oid::regclass)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind = 'r' AND a.attname = 'event_id' AND pg_table_is_visible(c.oid) \\gexec
SQL`,
    },
    {
      what: 'Clear the rows from the block on and set the cursor, in one transaction. It takes the tables from the catalogue: children of `events` first, then every table with a transaction hash. With an error nothing is changed.',
      run: `psql -X -v ON_ERROR_STOP=1 -v block="$BLOCK" <<'SQL'
BEGIN;
SELECT format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', c.oid::regclass)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind = 'r' AND a.attname IN ('event_id', 'transaction_hash', 'tx_hash') AND pg_table_is_visible(c.oid) \\gexec
SELECT format('DELETE FROM %s t USING events e WHERE e.id = t.event_id AND e.block_number >= %s', c.oid::regclass, :'block')
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind = 'r' AND a.attname = 'event_id' AND pg_table_is_visible(c.oid) \\gexec
SELECT format('DELETE FROM %s WHERE block_number >= %s', c.oid::regclass, :'block')
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind = 'r' AND a.attname IN ('transaction_hash', 'tx_hash') AND pg_table_is_visible(c.oid) \\gexec
SELECT format('UPDATE indexer_state SET last_indexed_block = %s - 1, last_indexed_at = now()', :'block')
WHERE to_regclass('indexer_state') IS NOT NULL \\gexec
COMMIT;
SQL`,
      expect: 'Lines with `DELETE`, on the deployed schema then `UPDATE 1`, last `COMMIT`.',
    },
    {
      what: 'Set `START_BLOCK` in `.env`. It counts where there is no cursor, and is taken for the last block already indexed: hence BLOCK - 1.',
      run: '[ "$BLOCK" -gt 0 ] && sed -i "s/^START_BLOCK=.*/START_BLOCK=$((BLOCK - 1))/" "$ENV_FILE"; env_value START_BLOCK',
      expect: 'The block before `$BLOCK`.',
    },
    {
      what: 'Start the indexer.',
      run: 'systemctl start "$INDEXER_UNIT"; systemctl is-active "$INDEXER_UNIT"',
      expect: '`active`.',
    },
  ],
  verify: [
    cursorAndHead,
    { what: 'Rows below the block.', run: rowsBelow, expect: 'The same as before.', prints: /^\w+\|\d+/ },
    {
      what: 'Blocks that the indexer gave up. A block whose call fails is skipped for good, and only the journal says so.',
      run: `journalctl -u "$INDEXER_UNIT" --since '-1day' ${maskedJournal} | grep -iE 'error|failed' | tail -n 20; true`,
      expect:
        'Nothing about blocks. Otherwise clear and index again from the first of them, with a better node. "not JSON serializable" is a kind of event that this indexer cannot store: that is no damage.',
    },
    {
      what: 'When it has reached the head: [Compare the event tables with the chain](#compare-the-event-tables-with-the-chain).',
      run: 'systemctl is-active "$INDEXER_UNIT"',
      expect: '`active`.',
      prints: /^active$/,
    },
  ],
  never: [
    '`TRUNCATE deposits, …, rebalances`, as in the original runbook: `rebalances` does not exist as deployed, `events` still holds the rows and refuses them again, and the history below the block is lost.',
    'Set `START_BLOCK` alone: the cursor in `indexer_state` outranks it.',
    'Clear before you have seen that the node still serves the old logs.',
    'Start a second indexer on the same database to make it faster.',
  ],
};
