/** The database as the original runbook assumes it: no event table refers to another, and there is no cursor. */
export const runbookSchema = `
CREATE TABLE deposits (
  id BIGSERIAL PRIMARY KEY,
  block_number BIGINT NOT NULL,
  tx_hash VARCHAR(66) NOT NULL,
  log_index INTEGER NOT NULL,
  vault_id NUMERIC(78,0) NOT NULL,
  token VARCHAR(42) NOT NULL,
  amount NUMERIC(78,0) NOT NULL,
  depositor VARCHAR(42) NOT NULL,
  new_balance NUMERIC(78,0) NOT NULL,
  block_timestamp TIMESTAMPTZ NOT NULL,
  UNIQUE (tx_hash, log_index)
);
CREATE INDEX idx_deposits_block ON deposits (block_number);

CREATE TABLE withdrawals (
  id BIGSERIAL PRIMARY KEY,
  block_number BIGINT NOT NULL,
  tx_hash VARCHAR(66) NOT NULL,
  log_index INTEGER NOT NULL,
  vault_id NUMERIC(78,0) NOT NULL,
  token VARCHAR(42) NOT NULL,
  amount NUMERIC(78,0) NOT NULL,
  recipient VARCHAR(42) NOT NULL,
  new_balance NUMERIC(78,0) NOT NULL,
  block_timestamp TIMESTAMPTZ NOT NULL,
  UNIQUE (tx_hash, log_index)
);
CREATE INDEX idx_withdrawals_block ON withdrawals (block_number);

CREATE TABLE deployments (
  id BIGSERIAL PRIMARY KEY,
  block_number BIGINT NOT NULL,
  tx_hash VARCHAR(66) NOT NULL,
  log_index INTEGER NOT NULL,
  vault_id NUMERIC(78,0) NOT NULL,
  deployment_id NUMERIC(78,0) NOT NULL,
  strategy VARCHAR(42) NOT NULL,
  token VARCHAR(42) NOT NULL,
  amount NUMERIC(78,0) NOT NULL,
  pair_id VARCHAR(66) NOT NULL,
  block_timestamp TIMESTAMPTZ NOT NULL,
  UNIQUE (tx_hash, log_index)
);
CREATE INDEX idx_deployments_block ON deployments (block_number);

CREATE TABLE recalls (
  id BIGSERIAL PRIMARY KEY,
  block_number BIGINT NOT NULL,
  tx_hash VARCHAR(66) NOT NULL,
  log_index INTEGER NOT NULL,
  vault_id NUMERIC(78,0) NOT NULL,
  deployment_id NUMERIC(78,0) NOT NULL,
  amount NUMERIC(78,0) NOT NULL,
  block_timestamp TIMESTAMPTZ NOT NULL,
  UNIQUE (tx_hash, log_index)
);
CREATE INDEX idx_recalls_block ON recalls (block_number);

CREATE TABLE losses (
  id BIGSERIAL PRIMARY KEY,
  block_number BIGINT NOT NULL,
  tx_hash VARCHAR(66) NOT NULL,
  log_index INTEGER NOT NULL,
  vault_id NUMERIC(78,0) NOT NULL,
  deployment_id NUMERIC(78,0) NOT NULL,
  token VARCHAR(42) NOT NULL,
  deployed_amount NUMERIC(78,0) NOT NULL,
  recovered_amount NUMERIC(78,0) NOT NULL,
  loss_amount NUMERIC(78,0) NOT NULL,
  block_timestamp TIMESTAMPTZ NOT NULL,
  UNIQUE (tx_hash, log_index)
);
CREATE INDEX idx_losses_block ON losses (block_number);

CREATE TABLE performance_fees (
  id BIGSERIAL PRIMARY KEY,
  block_number BIGINT NOT NULL,
  tx_hash VARCHAR(66) NOT NULL,
  log_index INTEGER NOT NULL,
  vault_id NUMERIC(78,0) NOT NULL,
  token VARCHAR(42) NOT NULL,
  amount NUMERIC(78,0) NOT NULL,
  total_accrued NUMERIC(78,0) NOT NULL,
  block_timestamp TIMESTAMPTZ NOT NULL,
  UNIQUE (tx_hash, log_index)
);
CREATE INDEX idx_performance_fees_block ON performance_fees (block_number);

CREATE TABLE management_fees (
  id BIGSERIAL PRIMARY KEY,
  block_number BIGINT NOT NULL,
  tx_hash VARCHAR(66) NOT NULL,
  log_index INTEGER NOT NULL,
  vault_id NUMERIC(78,0) NOT NULL,
  token VARCHAR(42) NOT NULL,
  amount NUMERIC(78,0) NOT NULL,
  total_accrued NUMERIC(78,0) NOT NULL,
  block_timestamp TIMESTAMPTZ NOT NULL,
  UNIQUE (tx_hash, log_index)
);
CREATE INDEX idx_management_fees_block ON management_fees (block_number);

CREATE TABLE oracle_updates (
  id BIGSERIAL PRIMARY KEY,
  block_number BIGINT NOT NULL,
  tx_hash VARCHAR(66) NOT NULL,
  log_index INTEGER NOT NULL,
  pair_id VARCHAR(66) NOT NULL,
  reference_tick INTEGER NOT NULL,
  peg_deviation NUMERIC(78,0) NOT NULL,
  orderbook_depth_bid NUMERIC(78,0) NOT NULL,
  orderbook_depth_ask NUMERIC(78,0) NOT NULL,
  signal_timestamp NUMERIC(78,0) NOT NULL,
  nonce NUMERIC(78,0) NOT NULL,
  block_timestamp TIMESTAMPTZ NOT NULL,
  UNIQUE (tx_hash, log_index)
);
CREATE INDEX idx_oracle_updates_block ON oracle_updates (block_number);

CREATE TABLE circuit_breakers (
  id BIGSERIAL PRIMARY KEY,
  block_number BIGINT NOT NULL,
  tx_hash VARCHAR(66) NOT NULL,
  log_index INTEGER NOT NULL,
  pair_id VARCHAR(66) NOT NULL,
  triggered BOOLEAN NOT NULL,
  actor VARCHAR(42) NOT NULL,
  block_timestamp TIMESTAMPTZ NOT NULL,
  UNIQUE (tx_hash, log_index)
);
CREATE INDEX idx_circuit_breakers_block ON circuit_breakers (block_number);

CREATE TABLE orders_placed (
  id BIGSERIAL PRIMARY KEY,
  block_number BIGINT NOT NULL,
  tx_hash VARCHAR(66) NOT NULL,
  log_index INTEGER NOT NULL,
  pair_id VARCHAR(66) NOT NULL,
  order_id NUMERIC(39,0) NOT NULL,
  token VARCHAR(42),
  amount NUMERIC(78,0) NOT NULL,
  tick INTEGER NOT NULL,
  is_bid BOOLEAN NOT NULL,
  block_timestamp TIMESTAMPTZ NOT NULL,
  UNIQUE (tx_hash, log_index)
);
CREATE INDEX idx_orders_placed_block ON orders_placed (block_number);

CREATE TABLE rebalances (
  id BIGSERIAL PRIMARY KEY,
  block_number BIGINT NOT NULL,
  tx_hash VARCHAR(66) NOT NULL,
  log_index INTEGER NOT NULL,
  pair_id VARCHAR(66) NOT NULL,
  old_tick INTEGER NOT NULL,
  new_tick INTEGER NOT NULL,
  block_timestamp TIMESTAMPTZ NOT NULL,
  UNIQUE (tx_hash, log_index)
);
CREATE INDEX idx_rebalances_block ON rebalances (block_number);
`;
