import { eventName } from '../../chain/events.ts';
import type { Settings } from '../../config/settings.ts';
import { type Advice, onHost } from '../../errors/advice.ts';
import type { Answer } from '../../errors/answer.ts';
import { quoteError } from '../../operations/indexer/readIndexerError.ts';
import type { EventSample } from '../../operations/sampleEvents.ts';
import { count, duration, howMany } from '../../text/format.ts';
import { noNode, rule } from '../rule.ts';
import { setInEnv } from '../setInEnv.ts';

/** What keeps an indexer from its next block. */
const noBlocks = [
  'rpc-away',
  'rpc-silent',
  'database-away',
  'service-down:indexer',
  'service-frozen:indexer',
  'disk-full',
];

/** Events that a finding names; `tv reindex check` shows more. */
const mostShown = 3;

/** `a sample of 1 500 blocks up to 15 204 118`. */
function sampleOf({ ranges }: EventSample): string {
  const blocks = ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  return `a sample of ${howMany(blocks, 'block')} up to ${count(Math.max(...ranges.map(({ to }) => to)))}`;
}

/** Without the head, or without a cursor and the events above the newest row, it is unknown how far the indexer is. */
const headUnknown = ['indexer-lag-unknown', 'indexer-no-cursor'];

/** What was found in a range is not gone because that range could not be compared again. */
const isPartial = ({ events }: { readonly events: EventSample | undefined }) =>
  events === undefined || events.skipped.length > 0;

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
    title: 'The database is running out of connections',
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
    // Where rows of replaced blocks are seen, what mends them is known.
    causes: ['rpc-lagging', 'events-surplus'],
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
    find: (
      { indexer: { block, source, head, waitingMs, pollSeconds, isMoving } },
      { settings, world, now },
    ) => {
      // Without a cursor the newest event says little: a quiet protocol looks like a dead indexer.
      if (!head.known || source === 'rows' || isMoving !== false) return undefined;
      const unit = settings.host.units.indexer;
      const since =
        waitingMs.known && waitingMs.value !== undefined
          ? ` since block ${count(block + 1)} came ${duration(waitingMs.value)} ago`
          : '';
      const error = world.indexerError;
      if (!pollSeconds.known) {
        // It may be in the pause between two reads.
        return {
          level: 'unknown',
          sentence: `whether the indexer makes progress is unknown: it is ${howMany(head.value - block, 'block')} behind and its cursor does not move${since}, and how often it asks for blocks is unknown (${pollSeconds.reason})`,
          ...(error === undefined ? {} : { evidence: { journal: quoteError(error, now) } }),
          next: [onHost(`journalctl -u ${unit} -n 50 --no-pager`)],
        };
      }
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
    find: ({ indexer: { block, source, head, unindexed } }, { settings }) => {
      if (!head.known) return undefined;
      if (source === 'rows') {
        if (unindexed?.known !== true || unindexed.value === null) return undefined;
        const behind = head.value - unindexed.value + 1;
        if (behind <= settings.monitor.lagBlocks) return undefined;
        return {
          sentence: `the indexer is ${howMany(behind, 'block')} behind: the chain has events from block ${count(unindexed.value)} on, the database none after block ${count(block)}`,
          next: [{ tv: ['reindex', 'check'] }],
        };
      }
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
    causes: [...noNode, 'rpc-wrong-chain', 'unknown-chain', 'host-away'],
    find: ({ indexer: { head } }) =>
      head.known
        ? undefined
        : { level: 'unknown', sentence: `how far the indexer is behind is unknown: ${head.reason}` },
  }),
  // A newest event near the head shows where the indexer is, as a cursor does. An old one shows nothing by itself.
  rule({
    id: 'indexer-no-cursor',
    title: 'Without a cursor, how far the indexer is behind is unknown',
    section: '8',
    level: 'warning',
    escalation: 2,
    about: 'indexer',
    needs: ['indexer'],
    causes: [...noNode, 'rpc-wrong-chain', 'unknown-chain', 'rpc-lagging', 'events-doubtful'],
    find: ({ indexer: { block, source, head, unindexed } }, { settings }) => {
      if (source === 'cursor' || !head.known || unindexed?.known === true) return undefined;
      if (head.value - block <= settings.monitor.lagBlocks) return undefined;
      const reason = unindexed === undefined ? 'the chain was not asked' : unindexed.reason;
      return {
        level: 'unknown',
        sentence: `how far the indexer is behind is unknown: the schema has no cursor, and whether the chain has events after block ${count(block)}, the newest in the database, is unknown: ${reason}`,
        next: [{ tv: ['reindex', 'check'] }],
      };
    },
  }),
  rule({
    id: 'events-missing',
    title: 'Events of the chain are missing in the database',
    section: '1',
    level: 'warning',
    escalation: 2,
    about: 'events',
    needs: ['events'],
    causes: ['run-unfinished', 'events-surplus'],
    // Two checks: a node behind the one that the indexer reads may change its mind.
    holdSeconds: 30,
    openWhile: ['events-doubtful'],
    unproven: isPartial,
    find: ({ events }) => {
      if (events === undefined || events.missing.total === 0) return undefined;
      const { total, first } = events.missing;
      const from = String(Math.min(...first.map(({ block }) => block)));
      const shown = first.slice(0, mostShown).map(({ block, logIndex, transactionHash, topic }) => {
        const name = eventName(topic) ?? 'unknown kind';
        return [`${name}, block ${count(block)}`, `${transactionHash} #${logIndex}`] as const;
      });
      return {
        sentence: `${howMany(total, 'event')} of the chain ${total === 1 ? 'is' : 'are'} missing in the database, in ${sampleOf(events)}`,
        evidence: Object.fromEntries(shown),
        likely: 'the indexer skips a block for good when its RPC call fails',
        // A sample says nothing about the blocks before it, and a reindex from there leaves what is missing in them.
        next: [{ tv: ['reindex', 'check'] }, { tv: ['reindex', '--from-block', from] }],
      };
    },
  }),
  rule({
    id: 'events-surplus',
    title: 'The database holds events that the chain does not have',
    section: '1',
    level: 'warning',
    escalation: 2,
    about: 'events',
    needs: ['events'],
    causes: ['run-unfinished'],
    holdSeconds: 30,
    openWhile: ['events-doubtful'],
    unproven: isPartial,
    find: ({ events }) => {
      if (events === undefined || events.surplus.length === 0) return undefined;
      const { surplus } = events;
      const total = surplus.length + events.moreSurplus;
      const from = String(Math.min(...surplus.map(({ block }) => block)));
      return {
        sentence: `${howMany(total, 'event')} in the database ${total === 1 ? 'is' : 'are'} not on the chain, or ${total === 1 ? 'is' : 'are'} stored otherwise than there, in ${sampleOf(events)}`,
        evidence: Object.fromEntries(
          surplus
            .slice(0, mostShown)
            .map(({ table, kind, block, transactionHash, reason }) => [
              `${kind ?? table}, block ${count(block)}`,
              `${transactionHash}: ${reason}`,
            ]),
        ),
        next: [{ tv: ['reindex', '--from-block', from] }, { tv: ['reindex', 'check'] }],
      };
    },
  }),
  rule({
    id: 'events-doubtful',
    title: 'Whether the events are complete is unknown',
    section: '1',
    level: 'warning',
    escalation: 2,
    about: 'events',
    needs: ['events'],
    causes: [...noNode, 'rpc-lagging'],
    find: ({ events }) =>
      events?.doubt === undefined
        ? undefined
        : {
            level: 'unknown',
            sentence: `whether the events are complete is unknown: ${events.doubt}`,
            next: [{ tv: ['reindex', 'check'] }],
          },
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
          ...(rpc === false ? [...noNode, 'rpc-wrong-chain'] : []),
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
    causes: [...noNode, 'database-away'],
    openWhile: ['api-unhealthy'],
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
    causes: ['rpc-slow', ...noNode, 'memory-high'],
    holdSeconds: 60,
    find: ({ api: { health } }, { settings }) =>
      health.durationMs <= settings.monitor.apiSlowMs
        ? undefined
        : {
            sentence: `the API takes ${duration(health.durationMs)} for an answer, more than ${duration(settings.monitor.apiSlowMs)}`,
            next: [{ tv: ['db', 'slow-queries'] }],
          },
  }),
  rule({
    id: 'cors-refused',
    title: 'The API does not let pages of the frontend read its answers',
    section: '10',
    level: 'critical',
    escalation: 1,
    about: 'cors',
    needs: ['cors'],
    causes: ['api-unhealthy', 'api-away', 'unknown-api'],
    find: ({ cors }, { settings }) => {
      const without = cors?.asked.filter(({ allowed }) => !allowed) ?? [];
      const refused = without.filter(({ status }) => !isTrouble(status));
      const [first] = refused;
      const [unanswered] = without;
      if (cors === undefined || unanswered === undefined) return undefined;
      if (first === undefined) {
        return {
          level: 'unknown',
          sentence: `whether the API lets pages of ${unanswered.origin} read its answers is unknown: HTTP ${unanswered.status}`,
          next: [{ tv: ['logs', 'api'] }],
        };
      }
      const origins = refused.map(({ origin }) => origin);
      const { listed } = cors;
      return {
        sentence: `the API does not let pages of ${origins.join(', ')} read its answers (CORS)`,
        evidence: {
          answer: `HTTP ${first.status}, Access-Control-Allow-Origin: ${first.allowOrigin ?? '(none)'}`,
          'ALLOWED_ORIGINS in .env': listed.known
            ? (listed.value ?? '(not set)')
            : `unknown: ${listed.reason}`,
        },
        next: [allowOrigins(settings, origins, listed)],
      };
    },
  }),
];

/** Of the server, or of a proxy before it: it says nothing of origins. */
function isTrouble(status: number): boolean {
  return status >= 500 || status === 429;
}

/** Adds what is not listed yet. What is listed already was not read by the API. */
function allowOrigins(settings: Settings, origins: readonly string[], listed: Answer<string | null>): Advice {
  const restart: Advice = { tv: ['service', 'restart', 'api'] };
  if (!listed.known) return restart;
  const now = (listed.value ?? '').split(/[\s,]+/).filter((origin) => origin !== '');
  const wanted = [...new Set([...now, ...origins])];
  if (wanted.length === now.length) return restart;
  return setInEnv(settings, {
    ...{ key: 'ALLOWED_ORIGINS', value: wanted.join(','), present: listed.value !== null, restart: ['api'] },
  });
}
