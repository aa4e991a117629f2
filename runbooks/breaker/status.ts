import * as z from 'zod';
import { assertChainId, onRightChain } from '../../src/chain/assertChainId.ts';
import { type Breaker, readBreakers } from '../../src/chain/breakers/readBreakers.ts';
import { judgeHead, type StaleHead } from '../../src/chain/currentState.ts';
import { findPair, namedPairs, type Pair, pairTitle } from '../../src/chain/pairs/pair.ts';
import { readStops, type Stops } from '../../src/chain/stops/readStops.ts';
import { type Resting, readResting } from '../../src/chain/treasury/readResting.ts';
import type { Answer } from '../../src/errors/answer.ts';
import { exitCodes } from '../../src/errors/TvError.ts';
import { restingSentence, stopSentence, unwindCommands } from '../../src/operations/stopEffects.ts';
import { defineReport, field } from '../../src/runbook/define.ts';
import type { Paint } from '../../src/runbook/paint.ts';
import { ago, count, short, shortened } from '../../src/text/format.ts';
import { padEnd, wrap } from '../../src/text/layout.ts';
import { byHand } from './status.byHand.ts';

/** Of what is only information, in milliseconds. */
const effectLimitMs = 3_000;

/** `tv breaker status`: which breakers are open, since when and by whom. */
export default defineReport({
  title: 'Circuit breakers',
  summary: 'Show open breakers, by whom, since when',
  section: '6',
  order: 1,
  aliases: ['circuit-breaker status'],
  description:
    "Shows for each pair whether its breaker is open, who tripped or reset it last and when, and the age of the oracle's last signal. Where one is open: what that stops (tried by simulation, nothing is sent) and which orders rest on the DEX. Without --pair: all pairs that the settings name, and all whose breaker was ever used. Exit code 5 where the newest block is too old for its state to be that of now.",
  byHand,
  examples: [
    { what: 'All pairs', line: 'tv breaker status' },
    { what: 'One pair', line: 'tv breaker status --pair AlphaUSD-pathUSD' },
  ],
  input: {
    pair: field(
      '--pair <pair...>',
      'by name, id, or the two tokens as 0x…/0x… (repeatable)',
      z.array(z.string()).default([]),
    ),
    all: field('--all', 'every pair (the default)', z.boolean().default(false)),
  },
  collect: async (ctx, { pair, all }) => {
    const asked = pair.map((text) => findPair(ctx.settings, text));
    const discover = all || asked.length === 0;
    const pairs = discover
      ? [...new Map([...namedPairs(ctx.settings), ...asked].map((one) => [one.id, one])).values()]
      : asked;
    const { breakers, now, head, since, historyUnknown, stalenessSeconds } = await onRightChain(
      assertChainId(ctx.chain()),
      readBreakers(ctx.chain(), { pairs, discover }),
    );
    const opened = breakers.filter(({ open }) => open).map(({ pair }) => pair);
    const [first] = opened;
    const [stops, resting] = await Promise.all([
      first === undefined
        ? null
        : readStops(ctx.chain(), {
            stop: 'breaker',
            pair: first.id,
            isThere: true,
            limitMs: effectLimitMs,
          }),
      first === undefined
        ? null
        : readResting(ctx.chain(), { pairs: opened, all: false, limitMs: effectLimitMs }),
    ]);
    return {
      environment: ctx.settings.environment,
      triedOn: first ?? null,
      stops,
      resting,
      open: breakers.filter(({ open }) => open).length,
      stalenessSeconds: stalenessSeconds ?? null,
      chainTime: now,
      oldHead: judgeHead(head, { now: ctx.clock.now(), urls: ctx.chain().urls }) ?? null,
      eventsSinceBlock: since,
      historyUnknown: historyUnknown ?? null,
      breakers,
    };
  },
  exitCode: (data) => (isOld(data) ? exitCodes.unverified : exitCodes.ok),
  render: (data, paint) => {
    const { breakers, environment } = data;
    const head = `${paint.bold('Circuit breakers')} · ${environment} · ${verdict(data, paint)}`;
    if (breakers.length === 0) {
      const why = history(data);
      const also = why === undefined ? '' : `\n${paint.warn(why)}\n`;
      return `${head}\n\nNo pair is known: name them under "pairs" in the configuration file, or give --pair.\n${also}`;
    }
    const titles = breakers.map(({ pair }) => shortened(pairTitle(pair), paint));
    const names = Math.max(...titles.map((title) => title.length));
    const lines = breakers.map((breaker, index) => {
      const gap = 4 + names + 2;
      const text = wrap(describe(breaker, data, paint), paint.width - gap, ' '.repeat(gap));
      const mark = breaker.open ? paint.bad('✖') : isOld(data) ? paint.warn('?') : paint.ok('✔');
      return `  ${mark} ${padEnd(titles[index] ?? '', names)}  ${text}`;
    });
    const why = history(data);
    const old = oldHead(data, paint);
    const partly = why === undefined ? [] : ['', wrap(paint.dim(why), paint.width)];
    const [first] = breakers.filter((breaker) => breaker.open);
    const next =
      first === undefined
        ? []
        : [
            '',
            paint.next([
              ...(data.resting?.known === true && data.resting.value.pairs.length > 0
                ? unwindCommands(data.resting.value)
                : []),
              {
                when: 'once the cause is gone',
                tv: ['breaker', 'reset', '--pair', first.pair.name ?? first.pair.id],
              },
            ]),
          ];
    return `${[head, '', ...lines, ...effect(data, paint), ...old, ...partly, ...next].join('\n')}\n`;
  },
});

/** "None" only of pairs that are known, and of now. */
function verdict(
  data: Old & History & { readonly open: number; readonly breakers: readonly Breaker[] },
  paint: Paint,
) {
  const { open, breakers, historyUnknown } = data;
  const all = count(breakers.length);
  if (isOld(data)) return paint.warn(`current state unknown, ${count(open)} of ${all} open in an old block`);
  if (open > 0) return paint.bad(`${count(open)} of ${all} open`);
  return historyUnknown === null
    ? paint.ok('none open')
    : paint.warn(`none open of the ${all} that are known`);
}

interface Seen {
  readonly triedOn: Pair | null;
  readonly stops: Answer<Stops> | null;
  readonly resting: Answer<Resting> | null;
}

/** What an open breaker stops here, and what still rests on the DEX. */
function effect({ triedOn, stops, resting }: Seen, paint: Paint): readonly string[] {
  if (triedOn === null || stops === null || resting === null) return [];
  const tried = `${stopSentence('the breaker', stops)} Tried on ${pairTitle(triedOn)}.`;
  return ['', ...[tried, restingSentence(resting)].map((text) => wrap(shortened(text, paint), paint.width))];
}

interface Old {
  readonly oldHead?: StaleHead | null;
}

const isOld = ({ oldHead: old }: Old): boolean => old !== null && old !== undefined;

/** That what is shown is the state of an old block, and its ages are those of then. */
function oldHead({ oldHead: old }: Old, paint: Paint): readonly string[] {
  if (old === null || old === undefined) return [];
  const words = `Current state unknown: ${old.summary}. States and ages above are those of that block. Possible causes: ${old.facts['possible causes']}.`;
  return ['', wrap(paint.warn(words), paint.width)];
}

interface History {
  /** Seconds since 1970. */
  readonly chainTime: number;
  readonly eventsSinceBlock: number | null;
  readonly historyUnknown: string | null;
}

/** What the events do not show, and why. */
function history({ eventsSinceBlock, historyUnknown }: History): string | undefined {
  if (historyUnknown === null) return undefined;
  const pairs = 'Pairs that only their events name are missing here.';
  if (eventsSinceBlock === null) return `History of the breakers unknown: ${historyUnknown}. ${pairs}`;
  return `History of the breakers before block ${count(eventsSinceBlock)} unknown: ${historyUnknown}. ${pairs}`;
}

function describe({ open, last, signal, causes }: Breaker, data: History, paint: Paint): string {
  const now = data.chainTime;
  const who = last === null ? '' : ` by ${short(last.by, paint.full)}`;
  const when =
    last?.at === undefined || last.at === null
      ? last === null
        ? ''
        : ` in block ${count(last.block)}`
      : ` ${ago(new Date(last.at * 1000), new Date(now * 1000))}`;
  const change =
    last !== null
      ? `${last.kind}${when}${who}`
      : data.historyUnknown !== null
        ? 'last change unknown'
        : open
          ? 'open without an event'
          : 'never tripped';
  const age =
    signal === null
      ? 'last signal unknown'
      : signal.at === 0
        ? 'no signal of the oracle'
        : `signal ${ago(new Date(signal.at * 1000), new Date(now * 1000))}`;
  const wrong = causes.map(({ words }) => paint.warn(words));
  return [open ? paint.bad('open') : 'closed', change, ...(wrong.length > 0 ? wrong : [age])].join(', ');
}
