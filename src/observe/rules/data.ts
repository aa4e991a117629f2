import { onHost } from '../../errors/advice.ts';
import { quoteError } from '../../operations/indexer/readIndexerError.ts';
import { count, duration, howMany } from '../../text/format.ts';
import { rule } from '../rule.ts';

/** What keeps an indexer from its next block. */
const noBlocks = ['rpc-away', 'database-away', 'service-down:indexer', 'service-frozen:indexer', 'disk-full'];

/** Without the head it is unknown how far the indexer is. */
const headUnknown = ['indexer-lag-unknown'];

export const dataRules = [
  rule({
    id: 'database-schema',
    title: 'The event tables cannot be read',
    section: '1',
    level: 'warning',
    escalation: 2,
    about: 'database',
    needs: ['database'],
    find: ({ database: { problem } }) =>
      problem === null
        ? undefined
        : { sentence: problem.replace(/\.$/, ''), next: [{ tv: ['reindex', 'check'] }] },
  }),
  rule({
    id: 'database-connections',
    title: 'The connections of the database run out',
    section: '8',
    level: 'warning',
    escalation: 2,
    about: 'database',
    needs: ['database'],
    holdSeconds: 60,
    find: ({ database: { connections, oldestTransactionSeconds: oldest } }, { settings }) => {
      const percent = (connections.used / connections.max) * 100;
      if (percent <= settings.monitor.connectionPercent) return undefined;
      return {
        sentence: `${connections.used} of ${connections.max} database connections are in use`,
        ...(oldest === null
          ? {}
          : { evidence: { 'oldest transaction': `open for ${duration(oldest * 1000)}` } }),
        next: [{ tv: ['db', 'slow-queries'] }],
      };
    },
  }),
  rule({
    id: 'indexer-ahead',
    title: 'The cursor is ahead of the chain',
    section: '1',
    level: 'critical',
    escalation: 2,
    about: 'indexer',
    needs: ['indexer'],
    causes: ['rpc-lagging'],
    openWhile: headUnknown,
    find: ({ indexer: { block, head } }) =>
      !head.known || block <= head.value
        ? undefined
        : {
            sentence: `the cursor ${count(block)} is ${howMany(block - head.value, 'block')} ahead of the head ${count(head.value)}`,
            likely: 'the chain was reorganised, or the RPC node lags behind',
            // The indexer asks for blocks above its cursor only: what replaces those below is never read.
            next: [{ tv: ['reindex', 'check'] }],
          },
  }),
  rule({
    id: 'indexer-stalled',
    title: 'The indexer makes no progress',
    section: '8',
    level: 'critical',
    escalation: 1,
    about: 'indexer',
    needs: ['indexer'],
    causes: noBlocks,
    openWhile: headUnknown,
    find: ({ indexer: { block, source, head, waitingMs, isMoving } }, { settings, world, now }) => {
      // Without a cursor the newest event says little: a quiet protocol looks like a dead indexer.
      if (!head.known || source === 'rows' || isMoving !== false) return undefined;
      const unit = settings.host.units.indexer;
      const since =
        waitingMs.known && waitingMs.value !== undefined
          ? ` since block ${count(block + 1)} came ${duration(waitingMs.value)} ago`
          : '';
      const error = world.indexerError;
      return {
        sentence: `the indexer is ${howMany(head.value - block, 'block')} behind and makes no progress${since}`,
        ...(error === undefined ? {} : { evidence: { journal: quoteError(error, now) } }),
        next: [{ tv: ['service', 'restart', 'indexer'] }, onHost(`journalctl -u ${unit} -n 50 --no-pager`)],
      };
    },
  }),
  rule({
    id: 'indexer-lag',
    title: 'The indexer is far behind',
    section: '8',
    level: 'warning',
    escalation: 1,
    about: 'indexer',
    needs: ['indexer'],
    causes: ['indexer-stalled', ...noBlocks],
    holdSeconds: 60,
    openWhile: headUnknown,
    find: ({ indexer: { block, source, head } }, { settings }) => {
      if (!head.known || source === 'rows') return undefined;
      const lag = head.value - block;
      return lag <= settings.monitor.lagBlocks
        ? undefined
        : {
            sentence: `the indexer is ${howMany(lag, 'block')} behind`,
            next: [{ tv: ['reindex', 'check'] }],
          };
    },
  }),
  rule({
    id: 'indexer-lag-unknown',
    title: 'How far the indexer is behind is unknown',
    section: '8',
    level: 'warning',
    escalation: 2,
    about: 'indexer',
    needs: ['indexer'],
    causes: ['rpc-away', 'rpc-wrong-chain', 'unknown-nodes', 'unknown-chain', 'host-away'],
    find: ({ indexer: { head } }) =>
      head.known
        ? undefined
        : { level: 'unknown', sentence: `how far the indexer is behind is unknown: ${head.reason}` },
  }),
  rule({
    id: 'api-unhealthy',
    title: 'The API is unhealthy',
    section: '8',
    level: 'critical',
    escalation: 2,
    about: 'api',
    needs: ['api'],
    find: ({ api: { health, ready } }) => {
      if (health.status !== 'unhealthy' && ready.ready) return undefined;
      const { rpc, database, rpcError, databaseError } = ready.checks;
      const away = [
        ...(rpc === false ? ['its RPC is away'] : []),
        ...(database === false ? ['its database is away'] : []),
      ];
      return {
        sentence: [`the API is ${health.status} and ${ready.ready ? 'ready' : 'not ready'}`, ...away].join(
          ', ',
        ),
        evidence: {
          ...(rpcError === undefined ? {} : { rpc: rpcError }),
          ...(databaseError === undefined ? {} : { database: databaseError }),
        },
        next: [{ tv: ['service', 'restart', 'api'] }],
        causes: [
          ...(database === false ? ['database-away', 'unknown-database'] : []),
          ...(rpc === false ? ['rpc-away', 'unknown-nodes', 'rpc-wrong-chain'] : []),
          'service-frozen:api',
        ],
      };
    },
  }),
  rule({
    id: 'api-degraded',
    title: 'The API is degraded',
    section: '8',
    level: 'warning',
    escalation: 2,
    about: 'api',
    needs: ['api'],
    causes: ['rpc-away', 'unknown-nodes', 'database-away'],
    holdSeconds: 30,
    find: ({ api: { health, ready } }, { settings }) =>
      health.status === 'healthy' || health.status === 'unhealthy' || !ready.ready
        ? undefined
        : {
            sentence: `the API says that it is ${health.status}`,
            next: [onHost(`journalctl -u ${settings.host.units.api} -n 50 --no-pager`)],
          },
  }),
  rule({
    id: 'api-slow',
    title: 'The API is slow',
    section: '8',
    level: 'warning',
    escalation: 2,
    about: 'api',
    needs: ['api'],
    causes: ['rpc-slow', 'rpc-away', 'unknown-nodes', 'memory-high'],
    holdSeconds: 60,
    find: ({ api: { health } }, { settings }) =>
      health.durationMs <= settings.monitor.apiSlowMs
        ? undefined
        : {
            sentence: `the API takes ${duration(health.durationMs)} for an answer, more than ${duration(settings.monitor.apiSlowMs)}`,
            next: [{ tv: ['db', 'slow-queries'] }],
          },
  }),
];
