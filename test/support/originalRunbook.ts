/**
 * The runbook that tv replaces, line by line, in its order: what an engineer was to paste, to check or to
 * do, and the commands of tv that do it now. Continued lines are joined, comments are left out.
 */
export interface OriginalLine {
  readonly line: string;
  /** Words after `tv`, with placeholders' values. */
  readonly covered: readonly string[];
}

const rows = (covered: string, ...lines: readonly string[]): readonly OriginalLine[] =>
  lines.map((line) => ({ line, covered: covered.split(' · ') }));

const rpc = '--rpc-url https://rpc.tempo.xyz';
const admin = '--private-key $ADMIN_PRIVATE_KEY';
const askChainId = `curl -X POST https://rpc.tempo.xyz -H "Content-Type: application/json" -d '{"jsonrpc":"2.0","method":"eth_chainId","params":[],"id":1}'`;
const lastDeposit = 'psql -U tempovault -d tempovault -c "SELECT MAX(block_number) FROM deposits;"';
const units = ['tempovault-api', 'tempovault-indexer', 'tempovault-oracle'];

export const originalRunbook: Readonly<Record<string, readonly OriginalLine[]>> = {
  'Quick Reference': [
    ...rows('service status · status', ...units.map((unit) => `sudo systemctl status ${unit}`)),
    ...rows('logs -f', ...units.map((unit) => `sudo journalctl -u ${unit} -f`)),
    ...rows('health --url https://api.tempovault.xyz', 'curl https://api.tempovault.xyz/health'),
    ...rows('health --url https://api.tempovault.xyz', 'curl https://api.tempovault.xyz/ready'),
    ...rows('status · health', 'psql -U tempovault -d tempovault -c "SELECT COUNT(*) FROM deposits;"'),
  ],
  '1. Reindexing Events': [
    ...rows('doctor indexer-stuck · reindex check --from-block 12345678', 'After database corruption'),
    ...rows(
      'reindex --from-block 12345678',
      'To backfill historical data',
      'After schema changes',
      'sudo systemctl stop tempovault-indexer',
      'sudo -u postgres pg_dump tempovault > /backup/tempovault_$(date +%Y%m%d).sql',
      'TRUNCATE deposits, withdrawals, deployments, recalls, losses, rebalances, circuit_breakers;',
      'nano /home/tempovault/tempovault/.env',
      'Update: START_BLOCK=12345678',
      'sudo systemctl start tempovault-indexer',
      'sudo journalctl -u tempovault-indexer -f',
    ),
    ...rows('reindex check --from-block 12345678', lastDeposit),
  ],
  '2. Oracle Recovery': [
    ...rows('doctor oracle-stale · status', 'Oracle health shows "stale" or "dead"', 'Risk signals outdated'),
    ...rows('doctor strategies-not-deploying', 'Strategies not deploying'),
    ...rows('oracle status · doctor oracle-stale', 'pgrep -f oracle_relay.py'),
    ...rows('logs oracle -n 100', 'sudo journalctl -u tempovault-oracle -n 100'),
    ...rows(
      'oracle status',
      'curl https://api.tempovault.xyz/api/v1/risk/PAIR_ID/status?risk_controller_address=...',
    ),
    ...rows(
      'oracle recover',
      'sudo systemctl stop tempovault-oracle',
      askChainId,
      'Verify oracle private key (check .env)',
      'sudo systemctl restart tempovault-oracle',
      'sudo journalctl -u tempovault-oracle -f',
    ),
    ...rows('oracle status · oracle fund', `cast balance $ORACLE_ADDRESS ${rpc}`),
    ...rows('oracle status · oracle unstick', `cast nonce $ORACLE_ADDRESS ${rpc}`),
  ],
  '3. Database Maintenance': [
    ...rows(
      'db schedule install',
      '0 2 * * * sudo -u postgres pg_dump tempovault | gzip > /backup/tempovault_$(date +\\%Y\\%m\\%d).sql.gz',
    ),
    ...rows(
      'db schedule install · db prune',
      '0 3 * * * find /backup -name "tempovault_*.sql.gz" -mtime +30 -delete',
    ),
    ...rows('db backup', 'sudo -u postgres pg_dump tempovault > tempovault_backup.sql'),
    ...rows(
      'db restore tempovault_20261129 · db restore --swap-back',
      'sudo systemctl stop tempovault-api tempovault-indexer tempovault-oracle',
      'sudo -u postgres dropdb tempovault',
      'sudo -u postgres createdb tempovault',
      'psql -U tempovault -d tempovault < tempovault_backup.sql',
      'sudo systemctl start tempovault-api tempovault-indexer tempovault-oracle',
    ),
    ...rows('db vacuum · db schedule install', 'psql -U tempovault -d tempovault -c "VACUUM ANALYZE;"'),
  ],
  '4. Rotating Oracle Private Key': [
    ...rows('oracle status · checklist quarterly', 'Every 90 days (recommended)'),
    ...rows('oracle rotate-key --compromised', 'After suspected compromise'),
    ...rows('oracle rotate-key · checklist monthly', 'Team member departure'),
    ...rows(
      'oracle rotate-key',
      'cast wallet new',
      `cast send $NEW_ORACLE_ADDRESS --value 0.1ether ${rpc} ${admin}`,
      `cast send $RISK_CONTROLLER_ADDRESS "setOracleAddress(address)" $NEW_ORACLE_ADDRESS ${rpc} ${admin}`,
      'sudo systemctl stop tempovault-oracle',
      'sudo nano /home/tempovault/tempovault/.env',
      'Update: ORACLE_PRIVATE_KEY=0x...',
      'sudo systemctl start tempovault-oracle',
      'sudo journalctl -u tempovault-oracle -f',
    ),
    ...rows(
      'oracle revoke-old',
      `cast send $GOVERNANCE_ROLES_ADDRESS "revokeRole(bytes32,address)" $ORACLE_ROLE $OLD_ORACLE_ADDRESS ${rpc} ${admin}`,
    ),
  ],
  '5. Scaling Services': [
    ...rows('scale check', 'sudo systemctl status tempovault-*'),
    ...rows(
      'scale nginx --server 10.0.1.1:3000 --server 10.0.1.2:3000 --server 10.0.1.3:3000 --apply',
      'upstream api_backend {',
      'least_conn;',
      'server 10.0.1.1:3000 weight=1;',
      'server 10.0.1.2:3000 weight=1;',
      'server 10.0.1.3:3000 weight=1;',
      'proxy_pass http://api_backend;',
    ),
    ...rows(
      'scale check · service start indexer · status',
      'Only run ONE indexer instance',
      'Use idempotency to prevent duplicates',
      'Use database locks if needed',
    ),
    ...rows(
      'scale check · service start oracle · status',
      'Only run ONE oracle instance',
      'Multiple oracles will cause nonce conflicts',
    ),
  ],
  '6. Circuit Breaker Management': [
    ...rows('breaker status', `cast call $RISK_CONTROLLER_ADDRESS "circuitBroken(bytes32)" $PAIR_ID ${rpc}`),
    ...rows(
      'breaker trip --pair Alpha',
      `cast send $RISK_CONTROLLER_ADDRESS "setCircuitBreaker(bytes32,bool)" $PAIR_ID true ${rpc} ${admin}`,
    ),
    ...rows(
      'breaker reset --pair Alpha',
      `cast send $RISK_CONTROLLER_ADDRESS "setCircuitBreaker(bytes32,bool)" $PAIR_ID false ${rpc} ${admin}`,
    ),
  ],
  '7. Emergency Procedures': [
    ...rows('emergency shutdown', `cast send $TREASURY_VAULT_ADDRESS "pause()" ${rpc} ${admin}`),
    ...rows('emergency shutdown', ...units.map((unit) => `sudo systemctl stop ${unit}`)),
    ...rows('emergency shutdown', 'sudo systemctl stop nginx'),
    ...rows('emergency shutdown · emergency resume', 'ps aux | grep -E "api_server|indexer|oracle"'),
    ...rows(
      'emergency unwind --pair Alpha',
      `cast send $DEX_STRATEGY_ADDRESS "emergencyUnwind(bytes32)" $PAIR_ID ${rpc} --private-key $EMERGENCY_PRIVATE_KEY`,
    ),
    ...rows(
      'emergency withdraw --token 0x20C0000000000000000000000000000000000001 --amount 5 --to 0x14dC79964da2C08b23698B3D3cc7Ca32193d9955',
      `cast send $TREASURY_VAULT_ADDRESS "withdraw(address,uint256,address)" $TOKEN $AMOUNT $RECIPIENT ${rpc} --private-key $TREASURY_MANAGER_KEY`,
      `cast call $TOKEN "balanceOf(address)" $RECIPIENT ${rpc}`,
    ),
  ],
  '8. Monitoring Alerts': [
    ...rows(
      'monitor · status',
      'API /health returns unhealthy',
      "Oracle hasn't updated in 5+ minutes",
      'Event indexer stopped progressing',
      'Circuit breaker triggered',
      'Database connection failures',
      'Oracle showing "stale" status',
      'API response time > 2s',
      'Disk usage > 80%',
      'Memory usage > 85%',
      'Event indexer lag > 100 blocks',
    ),
    ...rows('monitor --serve 127.0.0.1:9464 · monitor install', 'Scrape /metrics endpoint from API'),
    ...rows('monitor rules', 'Alert on key metrics'),
  ],
  '9. Log Analysis': [
    ...['api', 'indexer', 'oracle'].flatMap((service) =>
      rows(
        `logs ${service} --since 1h --errors`,
        `sudo journalctl -u tempovault-${service} --since "1 hour ago" | grep -i error`,
      ),
    ),
    ...rows(
      `trace 0x${'5'.repeat(64)} · trace --deposit 0x${'5'.repeat(64)} · incident --since 40m`,
      `psql -U tempovault -d tempovault -c "SELECT * FROM deposits WHERE tx_hash = '0x...';"`,
    ),
    ...rows(
      'db slow-queries',
      'psql -U tempovault -d tempovault -c "SELECT query, mean_exec_time FROM pg_stat_statements ORDER BY mean_exec_time DESC LIMIT 10;"',
    ),
  ],
  '10. Troubleshooting Guide': [
    ...rows(
      'doctor api-503',
      'pgrep -f api_server.py',
      askChainId,
      'psql -U tempovault -d tempovault -c "SELECT 1;"',
    ),
    ...rows('doctor api-503 --fix · service restart api', 'sudo systemctl restart tempovault-api'),
    ...rows(
      'doctor orders --origin https://app.tempovault.xyz',
      'curl https://api.tempovault.xyz/api/v1/strategy/$STRATEGY/orders/$PAIR_ID',
      'curl -I https://api.tempovault.xyz/api/v1/stats',
      'Verify API is running',
      'Check ALLOWED_ORIGINS in .env',
      'Restart API if needed',
    ),
    ...rows('doctor insufficient-funds', `cast balance $ORACLE_ADDRESS ${rpc}`),
    ...rows(
      'doctor insufficient-funds --address 0x14dC79964da2C08b23698B3D3cc7Ca32193d9955',
      `cast balance $USER_ADDRESS ${rpc}`,
      'User needs to fund wallet',
    ),
    ...rows('oracle fund', 'Fund oracle address if below 0.01 ETH'),
    ...rows(
      'doctor indexer-stuck',
      lastDeposit,
      `cast block-number ${rpc}`,
      'sudo journalctl -u tempovault-indexer -n 50',
    ),
    ...rows(
      'doctor indexer-stuck --fix · service restart indexer',
      'sudo systemctl restart tempovault-indexer',
    ),
    ...rows('reindex --from-block 12345678', 'If corrupted, see "Reindexing Events" section'),
  ],
  'Performance Tuning': [
    ...rows(
      'db tune',
      'shared_buffers = 4GB',
      'effective_cache_size = 12GB',
      'maintenance_work_mem = 1GB',
      'checkpoint_completion_target = 0.9',
      'wal_buffers = 16MB',
      'default_statistics_target = 100',
      'random_page_cost = 1.1',
      'effective_io_concurrency = 200',
      'work_mem = 10485kB',
      'min_wal_size = 1GB',
      'max_wal_size = 4GB',
    ),
    ...rows(
      'scale check',
      'workers = (CPU_COUNT * 2) + 1',
      'threads = 4',
      "worker_class = 'uvicorn.workers.UvicornWorker'",
    ),
  ],
  'Security Checklist': [
    ...rows(
      'checklist monthly · checklist done access-logs --note x',
      'Review access logs for anomalies',
      'Check for outdated dependencies',
      'Verify backup integrity',
      'Review role assignments',
    ),
    ...rows('db verify --all', 'Verify backup integrity'),
    ...rows(
      'checklist quarterly',
      'Rotate oracle private key',
      'Update SSL certificates (auto with certbot)',
      'Security audit of smart contracts',
      'Penetration testing',
    ),
    ...rows(
      'checklist annually',
      'Full disaster recovery test',
      'Infrastructure security review',
      'Update incident response procedures',
    ),
  ],
  'Contact Information': rows(
    'contacts',
    'Level 1: DevOps on-call (check logs, restart services)',
    'Level 2: Backend engineer (database, API issues)',
    'Level 3: Smart contract developer (onchain issues)',
    'DevOps: +1-XXX-XXX-XXXX',
    'Backend: +1-XXX-XXX-XXXX',
    'Security: security@tempovault.xyz',
  ),
};
