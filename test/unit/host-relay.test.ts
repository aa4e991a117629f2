import { describe, expect, it } from 'vitest';
import { type Answer, known, unknown } from '../../src/errors/answer.ts';
import { parseExecStart } from '../../src/host/readArguments.ts';
import { assumedIntervalSeconds, relayOf } from '../../src/host/readRelay.ts';
import { SourceReader } from '../../src/observe/sourceReader.ts';
import { relayInterval } from '../../src/observe/sources/relay.ts';
import { readPollSeconds } from '../../src/operations/indexer/awaitProgress.ts';
import type { CommandOutput, Context, Host } from '../../src/runbook/context.ts';
import { worldSettings } from '../support/observedWorld.ts';

const pair = `0x${'Ab'.repeat(32)}`;
const other = `0x${'cd'.repeat(32)}`;
const a = '0x20c0000000000000000000000000000000000001';
const b = '0x20C0000000000000000000000000000000000000';
const key = `0x${'11'.repeat(32)}`;

const read = (words: readonly string[], env: number | null | Answer<number | null> = null) =>
  relayOf(known({ words, from: 'process 7' }), {
    envIntervalSeconds: typeof env === 'object' && env !== null ? env : known(env),
    isKey: (word) => word === key,
  });
const ids = (relay: ReturnType<typeof relayOf>) => relay.pairs.known && relay.pairs.value.map(({ id }) => id);

describe('the command line of the relay', () => {
  it.each([
    ['pair, tokens and interval', [pair, a, b, '30'], [pair.toLowerCase()], 30],
    ['no interval: its default of 60 s', [pair, a, b], [pair.toLowerCase()], 60],
    [
      'options',
      [`--pair-id=${pair}`, '--token-a', a, '--token-b', b, '--interval', '9'],
      [pair.toLowerCase()],
      9,
    ],
    ['several pairs', [pair, a, b, other, a, b, '5'], [pair.toLowerCase(), other], 5],
    ['a pair without its tokens', [pair, '30'], [], 30],
    ['the private key in front', [key, a, b, '30'], [], 30],
    ['nothing', [], [], 60],
  ] as const)('%s', (_, words, expected, seconds) => {
    const relay = read(words);
    expect([ids(relay), relay.intervalSeconds, relay.from]).toEqual([expected, known(seconds), 'process 7']);
  });

  it.each([
    ['outranks .env', [pair, a, b, '30'], 5, 30],
    ['without an interval is at least its own default', [pair, a, b], 5, 60],
    ['without a pair leaves .env to say', ['--verbose'], 5, 5],
  ] as const)('%s', (_, words, env, seconds) => {
    expect(read(words, env).intervalSeconds).toEqual(known(seconds));
  });

  it('unread is unknown, not empty', () => {
    const relay = relayOf(unknown('systemd does not answer on the host'), {
      envIntervalSeconds: known(5),
      isKey: () => false,
    });
    expect(relay).toEqual({
      pairs: { known: false, reason: 'systemd does not answer on the host' },
      intervalSeconds: known(5),
      from: '.env',
    });
    const nowhere = relayOf(known(undefined), { envIntervalSeconds: known(null), isKey: () => false });
    expect([nowhere.pairs.known, nowhere.intervalSeconds.known]).toEqual([false, false]);
  });

  it('.env may not be read, and the command line sets no interval → unknown, not the default', () => {
    const { intervalSeconds } = read(['--verbose'], unknown('/srv/.env may not be read by this user'));
    expect(intervalSeconds).toEqual(
      unknown(
        "the relay's command line sets no interval, and .env could not be read: /srv/.env may not be read by this user",
      ),
    );
    expect(read([pair, a, b, '30'], unknown('refused')).intervalSeconds).toEqual(known(30));
    // Only to wait for a signal the default is taken.
    expect(assumedIntervalSeconds({ intervalSeconds })).toBe(60);
  });

  it.each([
    [
      `{ path=/usr/bin/python3 ; argv[]=/usr/bin/python3 /opt/oracle_relay.py ${pair} ${a} ${b} 60 ; ignore_errors=no ; start_time=[n/a] ; pid=0 }`,
      ['/usr/bin/python3', '/opt/oracle_relay.py', pair, a, b, '60'],
    ],
    ['', []],
  ])('of a unit: %s', (shown, words) => {
    expect(parseExecStart(shown)).toEqual(words);
  });
});

describe('the interval in a reading of the sources', () => {
  /** A relay that runs with these words, beside a `.env` of these lines; undefined: it may not be read. */
  const reading = (words: readonly string[], env: string | undefined) => {
    const argv = ['/usr/bin/python3', '/opt/oracle_relay.py', ...words];
    const printed = (stdout: string) => ({ exitCode: 0, stdout, stderr: '' });
    const run: Host['run'] = async ([program = '', ...rest]) => {
      if (program === 'ps') {
        return printed(
          ` 1 99 Ss root /sbin/init\n 813 900 Ss tempovault ${argv.join(' ')}\n 900 0 R ops ps -ww -eo pid=,etimes=,stat=,user:64=,args=\n`,
        );
      }
      if (program === 'cat') return printed(argv.map((word) => `${word}\0`).join(''));
      if (rest[1]?.includes('cmdline')) {
        return printed(`pid 813\n${argv.join('\n')}\n\n0::/system.slice/tempovault-oracle.service\nend\n`);
      }
      if (env === undefined) return { exitCode: 1, stdout: '', stderr: 'stat: Permission denied' };
      return printed(`600 0 0\nroot\nroot\n${Buffer.from(env).toString('base64')}\n`);
    };
    const settings = {
      ...worldSettings,
      host: {
        ...worldSettings.host,
        programs: { api: 'api_server', indexer: 'event_indexer', oracle: 'oracle_relay' },
      },
    };
    const ctx = { settings, host: () => ({ prefix: [], run }) } as unknown as Context;
    return new SourceReader(ctx).reading(relayInterval);
  };

  it.each<[string, readonly string[], string | undefined, object]>([
    ['on the command line', ['30'], undefined, known(30)],
    ['in .env', [], 'ORACLE_UPDATE_INTERVAL=45\n', known(45)],
    ['in neither: the default', [], 'FEE_TOKEN=\n', known(60)],
    [
      '.env may not be read → unknown',
      [],
      undefined,
      { known: false, reason: expect.stringContaining('.env could not be read') },
    ],
  ])('%s', async (_, words, env, expected) => {
    expect(await reading(words, env)).toMatchObject(expected);
  });
});

describe('the interval of the indexer', () => {
  const read = (answer: Partial<CommandOutput>) => {
    const run: Host['run'] = async () => ({ exitCode: 0, stdout: '', stderr: '', ...answer });
    const ctx = { settings: worldSettings, host: () => ({ prefix: [], run }) };
    return readPollSeconds(ctx as unknown as Context);
  };
  const env = (text: string) => ({
    stdout: `600 0 0\nroot\nroot\n${Buffer.from(text).toString('base64')}\n`,
  });

  it.each<[string, Partial<CommandOutput>, object]>([
    ['.env sets it', env('POLL_INTERVAL=180\n'), known(180)],
    ['.env does not set it: the default', env('RPC_URL=x\n'), known(12)],
    [
      '.env may not be read → unknown',
      { exitCode: 1, stderr: 'stat: Permission denied' },
      { known: false, reason: expect.stringContaining('may not be read by this user') },
    ],
  ])('%s', async (_, answer, expected) => {
    expect(await read(answer)).toEqual(expected);
  });
});
