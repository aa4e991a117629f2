/**
 * The database as deployed: raw events, one child table per event kind, and a cursor that is seeded here and
 * only ever updated. Times are local and without a zone, `event_id` may be null and has no index, ids are
 * BIGINT. The deployed DDL's view `vault_summary` fails to create, and so it is not here either.
 */
export const deployedSchema = `
CREATE TABLE events (
  id BIGSERIAL PRIMARY KEY,
  block_number BIGINT NOT NULL,
  block_timestamp TIMESTAMP NOT NULL,
  transaction_hash VARCHAR(66) NOT NULL,
  log_index INTEGER NOT NULL,
  event_type VARCHAR(64) NOT NULL,
  contract_address VARCHAR(42) NOT NULL,
  event_data JSONB NOT NULL,
  indexed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  UNIQUE (transaction_hash, log_index)
);
CREATE INDEX idx_events_block ON events (block_number);
CREATE INDEX idx_events_type ON events (event_type, block_number);
CREATE INDEX idx_events_contract ON events (contract_address);

CREATE TABLE deposits (
  id BIGSERIAL PRIMARY KEY,
  event_id BIGINT REFERENCES events (id),
  vault_id BIGINT NOT NULL,
  token VARCHAR(42) NOT NULL,
  amount NUMERIC(78,0) NOT NULL,
  depositor VARCHAR(42) NOT NULL,
  new_balance NUMERIC(78,0) NOT NULL,
  block_timestamp TIMESTAMP NOT NULL
);
CREATE INDEX idx_deposits_vault_token ON deposits (vault_id, token);
CREATE INDEX idx_deposits_time ON deposits (block_timestamp);

CREATE TABLE withdrawals (
  id BIGSERIAL PRIMARY KEY,
  event_id BIGINT REFERENCES events (id),
  vault_id BIGINT NOT NULL,
  token VARCHAR(42) NOT NULL,
  amount NUMERIC(78,0) NOT NULL,
  recipient VARCHAR(42) NOT NULL,
  new_balance NUMERIC(78,0) NOT NULL,
  block_timestamp TIMESTAMP NOT NULL
);
CREATE INDEX idx_withdrawals_vault_token ON withdrawals (vault_id, token);
CREATE INDEX idx_withdrawals_time ON withdrawals (block_timestamp);

CREATE TABLE deployments (
  id BIGSERIAL PRIMARY KEY,
  event_id BIGINT REFERENCES events (id),
  vault_id BIGINT NOT NULL,
  deployment_id BIGINT NOT NULL,
  strategy VARCHAR(42) NOT NULL,
  token VARCHAR(42) NOT NULL,
  amount NUMERIC(78,0) NOT NULL,
  pair_id VARCHAR(66) NOT NULL,
  block_timestamp TIMESTAMP NOT NULL
);
CREATE INDEX idx_deployments_deployment ON deployments (vault_id, deployment_id);
CREATE INDEX idx_deployments_pair ON deployments (pair_id);

CREATE TABLE recalls (
  id BIGSERIAL PRIMARY KEY,
  event_id BIGINT REFERENCES events (id),
  vault_id BIGINT NOT NULL,
  deployment_id BIGINT NOT NULL,
  amount NUMERIC(78,0) NOT NULL,
  block_timestamp TIMESTAMP NOT NULL
);
CREATE INDEX idx_recalls_deployment ON recalls (vault_id, deployment_id);

CREATE TABLE losses (
  id BIGSERIAL PRIMARY KEY,
  event_id BIGINT REFERENCES events (id),
  vault_id BIGINT NOT NULL,
  deployment_id BIGINT NOT NULL,
  token VARCHAR(42) NOT NULL,
  deployed_amount NUMERIC(78,0) NOT NULL,
  recovered_amount NUMERIC(78,0) NOT NULL,
  loss_amount NUMERIC(78,0) NOT NULL,
  block_timestamp TIMESTAMP NOT NULL
);
CREATE INDEX idx_losses_deployment ON losses (vault_id, deployment_id);

CREATE TABLE performance_fees (
  id BIGSERIAL PRIMARY KEY,
  event_id BIGINT REFERENCES events (id),
  vault_id BIGINT NOT NULL,
  token VARCHAR(42) NOT NULL,
  amount NUMERIC(78,0) NOT NULL,
  total_accrued NUMERIC(78,0) NOT NULL,
  block_timestamp TIMESTAMP NOT NULL
);
CREATE INDEX idx_performance_fees_time ON performance_fees (block_timestamp);

CREATE TABLE management_fees (
  id BIGSERIAL PRIMARY KEY,
  event_id BIGINT REFERENCES events (id),
  vault_id BIGINT NOT NULL,
  token VARCHAR(42) NOT NULL,
  amount NUMERIC(78,0) NOT NULL,
  total_accrued NUMERIC(78,0) NOT NULL,
  block_timestamp TIMESTAMP NOT NULL
);
CREATE INDEX idx_management_fees_time ON management_fees (block_timestamp);

CREATE TABLE oracle_updates (
  id BIGSERIAL PRIMARY KEY,
  event_id BIGINT REFERENCES events (id),
  pair_id VARCHAR(66) NOT NULL,
  reference_tick INTEGER NOT NULL,
  peg_deviation NUMERIC(78,0) NOT NULL,
  orderbook_depth_bid NUMERIC(78,0) NOT NULL,
  orderbook_depth_ask NUMERIC(78,0) NOT NULL,
  signal_timestamp NUMERIC(78,0) NOT NULL,
  nonce BIGINT NOT NULL,
  block_timestamp TIMESTAMP NOT NULL
);
CREATE INDEX idx_oracle_updates_pair ON oracle_updates (pair_id, nonce);
CREATE INDEX idx_oracle_updates_time ON oracle_updates (block_timestamp);

CREATE TABLE circuit_breakers (
  id BIGSERIAL PRIMARY KEY,
  event_id BIGINT REFERENCES events (id),
  pair_id VARCHAR(66) NOT NULL,
  triggered BOOLEAN NOT NULL,
  actor VARCHAR(42) NOT NULL,
  block_timestamp TIMESTAMP NOT NULL
);
CREATE INDEX idx_circuit_breakers_pair ON circuit_breakers (pair_id);

CREATE TABLE orders_placed (
  id BIGSERIAL PRIMARY KEY,
  event_id BIGINT REFERENCES events (id),
  pair_id VARCHAR(66) NOT NULL,
  order_id BIGINT NOT NULL,
  token VARCHAR(42),
  amount NUMERIC(78,0) NOT NULL,
  tick INTEGER NOT NULL,
  is_bid BOOLEAN NOT NULL,
  block_timestamp TIMESTAMP NOT NULL
);
CREATE INDEX idx_orders_placed_pair ON orders_placed (pair_id);
CREATE INDEX idx_orders_placed_order ON orders_placed (order_id);

CREATE TABLE indexer_state (
  id INTEGER PRIMARY KEY DEFAULT 1 CHECK (id = 1),
  last_indexed_block BIGINT NOT NULL DEFAULT 0,
  last_indexed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
INSERT INTO indexer_state (id, last_indexed_block) VALUES (1, 0);
`;
