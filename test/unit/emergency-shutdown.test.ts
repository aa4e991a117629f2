import { describe, expect, it } from 'vitest';
import { exampleFacts, firstTrouble } from '../../runbooks/emergency/shutdown.preflight.ts';
import shutdown, { notSafe } from '../../runbooks/emergency/shutdown.ts';
import { TimeoutError, TvError, UnavailableError } from '../../src/errors/TvError.ts';
import type { Check } from '../../src/runbook/check.ts';
import { block, Preflight, pass } from '../../src/runbook/preflight.ts';

const limited = new UnavailableError(
  'chain.rate-limited',
  'The RPC node refuses more requests for now: a rate limit.',
);
const lacks = 'the account lacks EMERGENCY';

type Look = (preflight: Preflight) => Promise<unknown>;
const fails =
  (error: Error): Look =>
  (preflight) =>
    preflight.check('simulation', 'chain', () => Promise.reject(error));
const says: Look = (preflight) => preflight.check('signer', 'chain', async () => block(lacks));
const fine: Look = (preflight) => preflight.check('protocol', 'chain', async () => pass('not paused'));

describe('emergency shutdown: what it says of the pause before it is sent', () => {
  const reads = `This stops 3 services and tries to pause the protocol. Whether the pause will succeed is unknown (`;
  const speaksAgainst = 'This stops 3 services. The pause will probably NOT succeed (';
  it.each<readonly [string, readonly Look[], string]>([
    [
      'every check passes',
      [fine],
      'This pauses the protocol and stops 3 services. The pause stops new capital to the strategy, withdrawals, not new orders on the DEX.',
    ],
    [
      'the simulation meets a rate limit',
      [fine, fails(limited)],
      `${reads}${limited.message.slice(0, -1)}).`,
    ],
    ['the simulation is late', [fails(new TimeoutError('check.timeout', 'Unknown.'))], `${reads}Unknown).`],
    ['the key lacks the role', [says], `${speaksAgainst}${lacks}).`],
    [
      'the key is missing',
      [fails(new TvError('signer.not-configured', 'No key.'))],
      `${speaksAgainst}No key).`,
    ],
    ['a check is unread and the key lacks the role', [fails(limited), says], `${speaksAgainst}${lacks}).`],
  ])('%s', async (_, looks, expected) => {
    const preflight = new Preflight({ signal: new AbortController().signal } as never);
    for (const look of looks) void look(preflight);
    const found = firstTrouble(await preflight.checks());
    const facts = { ...exampleFacts, pause: { ...exampleFacts.pause, ...found } };
    expect(shutdown.consequence(facts, { nginx: false, pause: true, replace: false } as never)).toBe(
      expected,
    );
  });
});

it.each<[string, Partial<Check>, string]>([
  [
    limited.message,
    { code: 'chain.rate-limited' },
    'paused state unknown (the RPC node refuses more requests for now: a rate limit)',
  ],
  [
    'Unknown: no answer within 15 s.',
    { code: 'check.timeout' },
    'paused state unknown (no answer within 15 s)',
  ],
  ['the protocol is not paused', {}, 'the protocol is not paused'],
  ['paused state unknown: no contract returns it', {}, 'paused state unknown: no contract returns it'],
])('emergency shutdown, verification: %s → says what is unknown', (summary, rest, words) => {
  expect(notSafe({ summary, ...rest })).toBe(`NOT SAFE: ${words}`);
});
