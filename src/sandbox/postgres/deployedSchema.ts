/** The database as deployed: raw events, one child table per event kind, and a cursor. */
export const deployedSchema = `
CREATE TABLE events (
  id BIGSERIAL PRIMARY KEY,
  block_number BIGINT NOT NULL,
  block_timestamp TIMESTAMPTZ NOT NULL,
  transaction_hash VARCHAR(66) NOT NULL,
  log_index INTEGER NOT NULL,
  event_type VARCHAR(64) NOT NULL,
  contract_address VARCHAR(42) NOT NULL,
  event_data JSONB NOT NULL,
  indexed_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  UNIQUE (transaction_hash, log_index)
);
CREATE INDEX idx_events_block ON events (block_number);
CREATE INDEX idx_events_type ON events (event_type, block_number);
CREATE INDEX idx_events_contract ON events (contract_address);

CREATE TABLE deposits (
  id BIGSERIAL PRIMARY KEY,
  event_id BIGINT NOT NULL REFERENCES events (id),
  vault_id NUMERIC(78,0) NOT NULL,
  token VARCHAR(42) NOT NULL,
  amount NUMERIC(78,0) NOT NULL,
  depositor VARCHAR(42) NOT NULL,
  new_balance NUMERIC(78,0) NOT NULL,
  block_timestamp TIMESTAMPTZ NOT NULL
);
CREATE INDEX idx_deposits_event ON deposits (event_id);
CREATE INDEX idx_deposits_vault_token ON deposits (vault_id, token);
CREATE INDEX idx_deposits_time ON deposits (block_timestamp);

CREATE TABLE withdrawals (
  id BIGSERIAL PRIMARY KEY,
  event_id BIGINT NOT NULL REFERENCES events (id),
  vault_id NUMERIC(78,0) NOT NULL,
  token VARCHAR(42) NOT NULL,
  amount NUMERIC(78,0) NOT NULL,
  recipient VARCHAR(42) NOT NULL,
  new_balance NUMERIC(78,0) NOT NULL,
  block_timestamp TIMESTAMPTZ NOT NULL
);
CREATE INDEX idx_withdrawals_event ON withdrawals (event_id);
CREATE INDEX idx_withdrawals_vault_token ON withdrawals (vault_id, token);
CREATE INDEX idx_withdrawals_time ON withdrawals (block_timestamp);

CREATE TABLE deployments (
  id BIGSERIAL PRIMARY KEY,
  event_id BIGINT NOT NULL REFERENCES events (id),
  vault_id NUMERIC(78,0) NOT NULL,
  deployment_id NUMERIC(78,0) NOT NULL,
  strategy VARCHAR(42) NOT NULL,
  token VARCHAR(42) NOT NULL,
  amount NUMERIC(78,0) NOT NULL,
  pair_id VARCHAR(66) NOT NULL,
  block_timestamp TIMESTAMPTZ NOT NULL
);
CREATE INDEX idx_deployments_event ON deployments (event_id);
CREATE INDEX idx_deployments_deployment ON deployments (vault_id, deployment_id);
CREATE INDEX idx_deployments_pair ON deployments (pair_id);

CREATE TABLE recalls (
  id BIGSERIAL PRIMARY KEY,
  event_id BIGINT NOT NULL REFERENCES events (id),
  vault_id NUMERIC(78,0) NOT NULL,
  deployment_id NUMERIC(78,0) NOT NULL,
  amount NUMERIC(78,0) NOT NULL,
  block_timestamp TIMESTAMPTZ NOT NULL
);
CREATE INDEX idx_recalls_event ON recalls (event_id);
CREATE INDEX idx_recalls_deployment ON recalls (vault_id, deployment_id);

CREATE TABLE losses (
  id BIGSERIAL PRIMARY KEY,
  event_id BIGINT NOT NULL REFERENCES events (id),
  vault_id NUMERIC(78,0) NOT NULL,
  deployment_id NUMERIC(78,0) NOT NULL,
  token VARCHAR(42) NOT NULL,
  deployed_amount NUMERIC(78,0) NOT NULL,
  recovered_amount NUMERIC(78,0) NOT NULL,
  loss_amount NUMERIC(78,0) NOT NULL,
  block_timestamp TIMESTAMPTZ NOT NULL
);
CREATE INDEX idx_losses_event ON losses (event_id);
CREATE INDEX idx_losses_deployment ON losses (vault_id, deployment_id);

CREATE TABLE performance_fees (
  id BIGSERIAL PRIMARY KEY,
  event_id BIGINT NOT NULL REFERENCES events (id),
  vault_id NUMERIC(78,0) NOT NULL,
  token VARCHAR(42) NOT NULL,
  amount NUMERIC(78,0) NOT NULL,
  total_accrued NUMERIC(78,0) NOT NULL,
  block_timestamp TIMESTAMPTZ NOT NULL
);
CREATE INDEX idx_performance_fees_event ON performance_fees (event_id);
CREATE INDEX idx_performance_fees_time ON performance_fees (block_timestamp);

CREATE TABLE management_fees (
  id BIGSERIAL PRIMARY KEY,
  event_id BIGINT NOT NULL REFERENCES events (id),
  vault_id NUMERIC(78,0) NOT NULL,
  token VARCHAR(42) NOT NULL,
  amount NUMERIC(78,0) NOT NULL,
  total_accrued NUMERIC(78,0) NOT NULL,
  block_timestamp TIMESTAMPTZ NOT NULL
);
CREATE INDEX idx_management_fees_event ON management_fees (event_id);
CREATE INDEX idx_management_fees_time ON management_fees (block_timestamp);

CREATE TABLE oracle_updates (
  id BIGSERIAL PRIMARY KEY,
  event_id BIGINT NOT NULL REFERENCES events (id),
  pair_id VARCHAR(66) NOT NULL,
  reference_tick INTEGER NOT NULL,
  peg_deviation NUMERIC(78,0) NOT NULL,
  orderbook_depth_bid NUMERIC(78,0) NOT NULL,
  orderbook_depth_ask NUMERIC(78,0) NOT NULL,
  signal_timestamp NUMERIC(78,0) NOT NULL,
  nonce NUMERIC(78,0) NOT NULL,
  block_timestamp TIMESTAMPTZ NOT NULL
);
CREATE INDEX idx_oracle_updates_event ON oracle_updates (event_id);
CREATE INDEX idx_oracle_updates_pair ON oracle_updates (pair_id, nonce);
CREATE INDEX idx_oracle_updates_time ON oracle_updates (block_timestamp);

CREATE TABLE circuit_breakers (
  id BIGSERIAL PRIMARY KEY,
  event_id BIGINT NOT NULL REFERENCES events (id),
  pair_id VARCHAR(66) NOT NULL,
  triggered BOOLEAN NOT NULL,
  actor VARCHAR(42) NOT NULL,
  block_timestamp TIMESTAMPTZ NOT NULL
);
CREATE INDEX idx_circuit_breakers_event ON circuit_breakers (event_id);
CREATE INDEX idx_circuit_breakers_pair ON circuit_breakers (pair_id);

CREATE TABLE orders_placed (
  id BIGSERIAL PRIMARY KEY,
  event_id BIGINT NOT NULL REFERENCES events (id),
  pair_id VARCHAR(66) NOT NULL,
  order_id NUMERIC(39,0) NOT NULL,
  token VARCHAR(42) NOT NULL,
  amount NUMERIC(78,0) NOT NULL,
  tick INTEGER NOT NULL,
  is_bid BOOLEAN NOT NULL,
  block_timestamp TIMESTAMPTZ NOT NULL
);
CREATE INDEX idx_orders_placed_event ON orders_placed (event_id);
CREATE INDEX idx_orders_placed_pair ON orders_placed (pair_id);
CREATE INDEX idx_orders_placed_order ON orders_placed (order_id);

CREATE TABLE indexer_state (
  id INTEGER PRIMARY KEY DEFAULT 1 CHECK (id = 1),
  last_indexed_block BIGINT NOT NULL,
  last_indexed_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE VIEW vault_summary AS
SELECT
  vault_id,
  token,
  sum(deposited) AS total_deposited,
  sum(withdrawn) AS total_withdrawn,
  sum(deposited) - sum(withdrawn) AS net_deposited,
  max(block_timestamp) AS last_activity
FROM (
  SELECT vault_id, token, amount AS deposited, 0::numeric AS withdrawn, block_timestamp FROM deposits
  UNION ALL
  SELECT vault_id, token, 0, amount, block_timestamp FROM withdrawals
) AS movements
GROUP BY vault_id, token;
`;
