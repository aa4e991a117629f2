import type { Breaker } from '../../chain/breakers/readBreakers.ts';
import { laggingNodes, type NodeAnswer, slowNodes } from '../../chain/checkChainIds.ts';
import { oldHeadMs } from '../../chain/currentState.ts';
import type { LogOrigin } from '../../chain/newestLogs.ts';
import { pairTitle } from '../../chain/pairs/pair.ts';
import { endThePause } from '../../chain/readProtocol.ts';
import type { Settings } from '../../config/settings.ts';
import type { Advice } from '../../errors/advice.ts';
import { unwindCommands } from '../../operations/stopEffects.ts';
import { ago, count, duration } from '../../text/format.ts';
import { noNode, rule } from '../rule.ts';
import { setInEnv } from '../setInEnv.ts';
import { moreTime } from '../withinLimit.ts';

/** Names written out; `tv breaker status` shows all. */
const mostNamed = 3;

const checkUrls = { when: 'check the RPC URLs', tv: ['config', 'show'] } as const;

const allServices = ['api', 'indexer', 'oracle'] as const;
const rpcUrl = { key: 'RPC_URL', present: true, restart: allServices };

/** The line that moves the services to another node, with a place for its URL. */
function otherNode(settings: Settings, what = 'another node'): readonly Advice[] {
  const move = setInEnv(
    settings,
    { ...rpcUrl, value: 'https://OTHER_NODE' },
    `with the URL of ${what} in the place of https://OTHER_NODE`,
  );
  return [move, checkUrls];
}

/** Moves the services to a node that answers, where its whole URL is known: one with a key in it is masked. */
function servicesOn(url: string, settings: Settings): readonly Advice[] {
  return settings.chain.rpcUrls.includes(url)
    ? [setInEnv(settings, { ...rpcUrl, value: url }, 'if the services use the other node')]
    : [];
}

/** `5 min ago by 0x…, block 2 519`. */
function who({ at, by, block }: LogOrigin, now: Date): string {
  // A chain's clock may run ahead of this machine's.
  const when = at === null ? '' : `${ago(new Date(Math.min(at * 1000, now.getTime())), now)} `;
  return `${when}by ${by}, block ${count(block)}`;
}

/** It may accept connections: there was neither an answer nor an error. */
const isSilent = ({ error }: NodeAnswer) => error?.code === 'chain.node-timeout';

/** A node that does not answer is neither quick, nor at the head, nor on the right chain. */
const isWithoutAnswer = (nodes: readonly NodeAnswer[], url: string) =>
  nodes.some((node) => node.url === url && node.error !== undefined);

export const chainRules = [
  rule({
    id: 'rpc-away',
    title: 'No RPC node answers',
    section: '10',
    level: 'critical',
    escalation: 2,
    about: 'nodes',
    needs: ['nodes'],
    openWhile: ['rpc-silent'],
    find: ({ nodes }, { settings }) => {
      if (nodes.length === 0 || nodes.some(({ error }) => error === undefined)) return undefined;
      if (nodes.every(isSilent)) return undefined;
      const reasons = Object.fromEntries(nodes.map(({ url, error }) => [url, error?.message ?? '']));
      const [first] = nodes;
      return nodes.length === 1
        ? {
            sentence: first?.error?.message.replace(/\.$/, '') ?? '',
            evidence: first === undefined ? {} : { node: first.url, ...first.error?.facts },
            next: otherNode(settings),
          }
        : {
            sentence: `none of ${nodes.length} RPC nodes answers`,
            evidence: reasons,
            next: otherNode(settings),
          };
    },
  }),
  // Apart from those that refuse: one slow answer is no fault yet.
  rule({
    id: 'rpc-silent',
    title: 'No RPC node answers in time',
    section: '10',
    level: 'critical',
    escalation: 2,
    about: 'nodes',
    needs: ['nodes'],
    openWhile: ['rpc-away'],
    holdSeconds: 30,
    find: ({ nodes }, { settings }) => {
      if (nodes.length === 0 || !nodes.every(isSilent)) return undefined;
      const waited = duration(Math.max(...nodes.map(({ durationMs }) => durationMs)));
      const which = nodes.length === 1 ? 'the RPC node has not' : `none of ${nodes.length} RPC nodes has`;
      return {
        sentence: `${which} answered within ${waited}`,
        evidence: Object.fromEntries(
          nodes.map(({ url }, index) => [nodes.length === 1 ? 'node' : `node ${index + 1}`, url]),
        ),
        next: [...otherNode(settings), moreTime],
      };
    },
  }),
  rule({
    id: 'rpc-node-away',
    title: 'An RPC node does not answer',
    section: '10',
    level: 'warning',
    escalation: 2,
    about: 'nodes',
    needs: ['nodes'],
    openWhile: ['rpc-away', 'rpc-silent'],
    holdSeconds: 30,
    find: ({ nodes }, { settings }) => {
      const silent = nodes.filter(({ error }) => error !== undefined);
      const well = nodes.find(({ error }) => error === undefined);
      if (well === undefined) return undefined;
      return silent.map(({ url, error }) => ({
        subject: url,
        sentence: `${url} does not answer`,
        evidence: { reason: error?.message ?? '' },
        next: [...servicesOn(well.url, settings), checkUrls],
      }));
    },
  }),
  rule({
    id: 'rpc-wrong-chain',
    title: 'An RPC node is on another chain',
    section: '10',
    level: 'critical',
    escalation: 2,
    about: 'nodes',
    needs: ['nodes'],
    unproven: ({ nodes }, url) => isWithoutAnswer(nodes, url),
    find: ({ nodes }, { settings }) => {
      const expected = settings.chain.id;
      const wrong = nodes.filter(({ id }) => id !== undefined && expected !== undefined && id !== expected);
      return wrong.map(({ url, id }) => ({
        subject: url,
        sentence: `${url} is on chain ${id}, not ${expected}`,
        next: [
          ...otherNode(settings, `a node of chain ${expected}`),
          { when: `or correct CHAIN_ID`, tv: ['config', 'show'] },
        ],
      }));
    },
  }),
  rule({
    id: 'rpc-lagging',
    title: 'An RPC node lags behind another',
    section: '10',
    level: 'warning',
    escalation: 2,
    about: 'nodes',
    needs: ['nodes'],
    unproven: ({ nodes }) => nodes.some(({ error }) => error !== undefined),
    holdSeconds: 60,
    find: ({ nodes }) => {
      const [first, ...more] = laggingNodes(nodes);
      return first === undefined ? undefined : { sentence: [first, ...more].join('; '), next: [checkUrls] };
    },
  }),
  rule({
    id: 'rpc-slow',
    title: 'An RPC node is slow',
    section: '10',
    level: 'warning',
    escalation: 2,
    about: 'nodes',
    needs: ['nodes'],
    unproven: ({ nodes }, url) => isWithoutAnswer(nodes, url),
    holdSeconds: 60,
    find: ({ nodes }) =>
      slowNodes(nodes).map(({ url, words }) => ({ subject: url, sentence: words, next: [checkUrls] })),
  }),
  rule({
    id: 'chain-stopped',
    title: 'The newest block is old',
    section: '10',
    level: 'warning',
    escalation: 3,
    about: 'chain',
    needs: ['chain'],
    causes: ['rpc-lagging'],
    find: ({ chain }, { now }) => {
      const made = new Date(chain.timestamp * 1000);
      return now.getTime() - made.getTime() <= oldHeadMs
        ? undefined
        : {
            sentence: `the newest block, ${count(chain.number)}, was made ${ago(made, now)}: the chain or this node has stopped`,
            next: [checkUrls],
          };
    },
  }),
  rule({
    id: 'contract-missing',
    title: 'No contract at a configured address',
    section: '7',
    level: 'critical',
    escalation: 3,
    about: 'protocol',
    needs: ['protocol'],
    find: ({ protocol }) => {
      const absent = Object.entries(protocol.contracts).filter(
        ([, { address, hasCode }]) => address !== undefined && !hasCode,
      );
      return absent.length === 0
        ? undefined
        : {
            sentence: `no contract at the address of ${absent.map(([name]) => name).join(', ')}`,
            evidence: Object.fromEntries(absent.map(([name, { address }]) => [name, address ?? ''])),
            next: [{ tv: ['config', 'show'] }],
          };
    },
  }),
  // Before the pause: money still moves, and the end of the pause would not stop it.
  rule({
    id: 'orders-resting',
    title: 'Orders rest on the DEX while trading is stopped',
    section: '7',
    level: 'warning',
    escalation: 3,
    about: 'orders',
    needs: ['orders'],
    find: ({ orders }, { world: { protocol } }) => {
      if (orders === undefined) return undefined;
      if (!orders.known) {
        const isPauseUnknown = protocol?.known === true && protocol.value.paused === undefined;
        return {
          level: 'unknown',
          sentence: `what rests on the DEX while trading is stopped is unknown: ${orders.reason}`,
          causes: isPauseUnknown ? ['paused'] : ['unknown-breakers', 'breakers-unknown'],
        };
      }
      const { pairs, unknown } = orders.value;
      if (pairs.length === 0) {
        return unknown === null
          ? undefined
          : { level: 'unknown', sentence: `what rests on the DEX is unknown: ${unknown}` };
      }
      const words = pairs.map(
        ({ pair, orders: what }) => `${pair === null ? 'in other books' : pairTitle(pair)}: ${what}`,
      );
      return {
        sentence: `orders rest on the DEX and can still be filled: ${words.join('; ')}`,
        ...(unknown === null ? {} : { evidence: { 'more may rest there': unknown } }),
        next: unwindCommands(orders.value),
      };
    },
  }),
  rule({
    id: 'paused',
    title: 'The protocol is paused',
    section: '7',
    level: 'warning',
    escalation: 3,
    about: 'protocol',
    needs: ['protocol'],
    find: ({ protocol }, { now, world }) => {
      if (protocol.paused === false) return undefined;
      if (protocol.paused === undefined)
        return { level: 'unknown', sentence: 'paused state unknown: no contract returns it' };
      const { pause } = world;
      const change = pause?.known === true ? pause.value : pause;
      return {
        sentence: 'the protocol is PAUSED',
        evidence:
          change === undefined ? {} : { paused: change.known ? who(change.value, now) : change.reason },
        next: [endThePause],
      };
    },
  }),
  rule({
    id: 'breaker-open',
    title: 'A circuit breaker is open',
    section: '8',
    level: 'critical',
    escalation: 3,
    about: 'breakers',
    needs: ['breakers'],
    openWhile: ['breakers-unknown'],
    find: ({ breakers: { breakers, historyUnknown } }, { now }) => {
      const open = breakers.filter((breaker) => breaker.open);
      if (open.length === 0) return undefined;
      const named = open.slice(0, mostNamed);
      const more = open.length > mostNamed ? ` and ${count(open.length - mostNamed)} more` : '';
      const since = ({ last }: Breaker) =>
        last?.kind === 'tripped' ? who(last, now) : (historyUnknown ?? 'no event names who opened it');
      return {
        sentence: `${count(open.length)} of ${count(breakers.length)} breakers OPEN: ${named.map(({ pair }) => pairTitle(pair)).join(', ')}${more}`,
        evidence: {
          ...Object.fromEntries(named.map((breaker) => [pairTitle(breaker.pair), since(breaker)])),
          ...(historyUnknown === undefined ? {} : { 'more may be open': historyUnknown }),
        },
        next: [{ tv: ['breaker', 'status'] }],
      };
    },
  }),
  // Pairs that the settings do not name are known by the events of their breakers alone.
  rule({
    id: 'breakers-unknown',
    title: 'Whether a circuit breaker is open is unknown',
    section: '8',
    level: 'warning',
    escalation: 3,
    about: 'breakers',
    needs: ['breakers'],
    causes: [...noNode, 'rpc-lagging'],
    find: ({ breakers: { breakers, historyUnknown } }) =>
      historyUnknown === undefined || breakers.some(({ open }) => open)
        ? undefined
        : {
            level: 'unknown',
            sentence: `whether the breaker of a pair that only events name is open is unknown: ${historyUnknown}`,
            evidence: {
              'known breakers': breakers.length === 0 ? 'none' : `${count(breakers.length)}, none open`,
            },
            next: [{ tv: ['breaker', 'status'] }],
          },
  }),
];
