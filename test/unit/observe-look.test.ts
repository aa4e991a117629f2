import { describe, expect, it } from 'vitest';
import { TvError, UnavailableError } from '../../src/errors/TvError.ts';
import { Look, type Source } from '../../src/observe/look.ts';
import type { CommandOutput, Context } from '../../src/runbook/context.ts';

const limitMs = 20;
const never = new Promise<never>(() => {});
const source = <T>(read: Source<T>['read']): Source<T> => ({
  title: 'a source',
  read,
  describe: () => undefined,
});
const look = (ctx: Partial<Context> = {}) =>
  new Look({ settings: { monitor: { limitMs } }, ...ctx } as unknown as Context);

describe('a look', () => {
  it('reads each source once, whoever needs it', async () => {
    let reads = 0;
    const first = source(async () => ++reads);
    const second = source(async (at) => (await at.read(first)) + 10);
    const at = look();
    expect(await Promise.all([at.read(second), at.read(first), at.read(second)])).toEqual([11, 1, 11]);
    expect(reads).toBe(1);
  });

  it('a source that hangs is unknown, and no other waits for it', async () => {
    const at = look();
    const quick = at.reading(source(async () => 'here'));
    const slow = at.reading(source(() => never));
    expect(await quick).toEqual({ known: true, value: 'here' });
    expect(await slow).toMatchObject({ known: false, away: false, reason: 'no answer within 0.02 s' });
  });

  it('a source that waits for one that hangs fails with the failure of that one', async () => {
    const hanging = source(() => never);
    const waiting = source((at) => at.read(hanging));
    const at = look();
    // The one that waits is asked first.
    const [second, first] = await Promise.all([at.reading(waiting), at.reading(hanging)]);
    if (first.known || second.known) throw new Error('both hang');
    expect(second.cause).toBe(first.cause);
  });

  it.each([
    [
      'that certainly does not answer',
      new UnavailableError('chain.node-unreachable', 'Refused.', { facts: { node: 'http://a' } }),
      true,
      'Refused (http://a)',
    ],
    [
      'that answers nonsense',
      new TvError('chain.malformed-answer', 'Not understood.', { facts: { reason: 'HTML' } }),
      false,
      'Not understood (HTML)',
    ],
  ])('a source %s', async (_, error, isAway, reason) => {
    expect(await look().reading(source(() => Promise.reject(error)))).toMatchObject({
      known: false,
      away: isAway,
      reason,
      cause: error,
    });
  });

  it('a bug is thrown', async () => {
    await expect(look().reading(source(() => Promise.reject(new Error('bug'))))).rejects.toThrow('bug');
  });

  it('the same command of the host is run once; one with input each time', async () => {
    const ran: string[] = [];
    const run = async (words: readonly string[]): Promise<CommandOutput> => {
      ran.push(words.join(' '));
      return { exitCode: 0, stdout: '', stderr: '' };
    };
    const { ctx } = look({ host: () => ({ prefix: [], run }) });
    await Promise.all([ctx.host().run(['ps']), ctx.host().run(['ps']), ctx.host().run(['df'])]);
    await ctx.host().run(['cat'], { input: 'a' });
    await ctx.host().run(['cat'], { input: 'a' });
    expect(ran).toEqual(['ps', 'df', 'cat', 'cat']);
  });
});
