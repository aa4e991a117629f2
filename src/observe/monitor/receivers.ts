import { createHash } from 'node:crypto';
import { readSecretFile } from '../../chain/signers/readSecretFile.ts';
import { decoded, withoutUser } from '../../config/mask.ts';
import { connectionFailure } from '../../errors/connectionFailure.ts';
import { UsageError } from '../../errors/TvError.ts';
import { runProcess } from '../../host/runProcess.ts';
import { request } from '../../http/request.ts';
import type { Clock } from '../../runbook/context.ts';
import { maskUrl } from '../../text/maskUrl.ts';
import { outsideText } from '../../text/outsideText.ts';
import type { MonitorEvent } from './event.ts';
import type { History, StoredEvent } from './history.ts';
import { webhookBody } from './webhookBody.ts';

/** A target for changes of state. */
export interface Receiver {
  /** For messages, without secrets. */
  readonly title: string;
  /** For the history: the same for the same target, and no secret. */
  readonly name: string;
  /** Several at once. @throws Error with the reason as a part of a sentence */
  send(events: readonly MonitorEvent[]): Promise<void>;
  /** How many events `send` takes. */
  readonly atOnce: number;
}

export interface ReceiverContext {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  redact(text: string): string;
  keep(secret: string): void;
}

/** Of one call of a program, in milliseconds. */
const notifyLimitMs = 10_000;
/** Of one request, in milliseconds. */
const webhookLimitMs = 5_000;
/** Before each further attempt, in milliseconds. */
const pausesMs = [1_000, 3_000];
/** What could not be sent for so long is old news, but for the state that an alert is still in. In milliseconds. */
const oldNewsMs = 3_600_000;

const nameOf = (kind: string, target: string) =>
  `${kind}-${createHash('sha256').update(target).digest('hex').slice(0, 16)}`;

/**
 * A program, once for each event, which it gets as JSON on standard input.
 * @param command words, quoted where they hold spaces; no shell reads them
 * @throws UsageError
 */
export function notifyReceiver(command: string, ctx: ReceiverContext): Receiver {
  const [file, ...words] = splitWords(command);
  if (file === undefined) {
    throw new UsageError('usage.malformed-value', '--notify needs a program, and quotes that are closed.', {
      next: { tv: ['monitor', '--help'] },
    });
  }
  return {
    title: `--notify ${outsideText(file)}`,
    name: nameOf('notify', command),
    atOnce: 1,
    send: async ([event]) => {
      const end = await runProcess({
        file,
        arguments: words,
        input: `${ctx.redact(JSON.stringify(event))}\n`,
        timeoutMs: notifyLimitMs,
        signal: ctx.signal,
        killPrefix: [],
      });
      if (end.kind === 'not-started') throw new Error(`it cannot be started (${end.code})`);
      if (end.kind === 'timeout') throw new Error(`it did not end within ${notifyLimitMs / 1000} s`);
      const { exitCode, stderr } = end.output;
      if (exitCode !== 0) throw new Error(`exit code ${exitCode} ${outsideText(stderr.trim(), 200)}`.trim());
    },
  };
}

/**
 * A web address that gets Alertmanager's JSON of version 4. A user and a password in the URL travel as a header.
 * @throws UsageError
 */
export function webhookReceiver(text: string, ctx: ReceiverContext): Receiver {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new UsageError('usage.malformed-value', '--webhook needs an http or https URL.', {
      next: { tv: ['monitor', '--help'] },
    });
  }
  const title = `--webhook ${maskUrl(text)}`;
  const password = decoded(new URL(text).password);
  if (password !== '') ctx.keep(password);
  const { url, authorization } = withoutUser(text);
  const headers = {
    'content-type': 'application/json',
    ...(authorization === undefined ? {} : { authorization }),
  };
  const post = async (body: string): Promise<{ readonly problem?: string; readonly again: boolean }> => {
    try {
      const limit = AbortSignal.timeout(webhookLimitMs);
      const signal = AbortSignal.any([limit, ctx.signal]);
      // A redirect would carry the message, and what is in the header, to another place.
      // The status alone says that it has arrived: a body that stalls is no reason to send it twice.
      const { status } = await request({ url, headers, body, signal, follow: false, statusOnly: true });
      if (status >= 200 && status < 300) return { again: false };
      return { problem: `HTTP ${status}`, again: status >= 500 || status === 429 };
    } catch (error) {
      if (ctx.signal.aborted) throw ctx.signal.reason;
      if ((error as Error).name === 'TimeoutError')
        return { problem: `no answer within ${webhookLimitMs / 1000} s`, again: true };
      return { problem: connectionFailure(error)?.words ?? 'no connection', again: true };
    }
  };
  return {
    title,
    name: nameOf('webhook', text),
    atOnce: Number.POSITIVE_INFINITY,
    send: async (events) => {
      const body = ctx.redact(JSON.stringify(webhookBody(events)));
      for (const pauseMs of [...pausesMs, undefined]) {
        const { problem, again } = await post(body);
        if (problem === undefined) return;
        if (!again || pauseMs === undefined) throw new Error(problem);
        await ctx.clock.sleep(pauseMs, ctx.signal);
      }
    },
  };
}

/**
 * The same, with the URL in a file that only its owner may read. It is a secret as a whole, as those of chat
 * services are, and is taken out of everything that tv writes.
 * @throws UsageError where the file does not hold one URL
 * @throws TvError where it cannot be read, or others can read or change it
 */
export function webhookFileReceiver(file: string, ctx: ReceiverContext): Receiver {
  const url = readSecretFile(file, 'file of --webhook-file').trim();
  if (/\s/.test(url) || !/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new UsageError(
      'usage.malformed-value',
      'The file of --webhook-file does not hold one http or https URL.',
      {
        facts: { file },
        next: { tv: ['monitor', '--help'] },
      },
    );
  }
  ctx.keep(url);
  return { ...webhookReceiver(url, ctx), title: `--webhook-file ${outsideText(file)}` };
}

/**
 * Sends each receiver what it has not had yet. What could not be sent is retried at the next check: for an hour,
 * and after that only what still holds, that an alert fires or is over. One that is new gets what is firing now.
 * @returns what went wrong, one sentence each
 */
export async function deliver(
  receivers: readonly Receiver[],
  history: History<MonitorEvent>,
  now: { readonly at: Date; readonly firing: readonly MonitorEvent[] },
): Promise<readonly string[]> {
  const all = receivers.map(async (receiver): Promise<readonly string[]> => {
    const { isNew, events, newest } = history.unsent(receiver.name);
    const last = new Map(events.map(({ number, event }) => [event.fingerprint, number]));
    const isDue = ({ number, event }: StoredEvent<MonitorEvent>) => {
      if (now.at.getTime() - Date.parse(event.at) <= oldNewsMs) return true;
      const { fingerprint, status } = event;
      const isFiring = now.firing.some((each) => each.fingerprint === fingerprint);
      return last.get(fingerprint) === number && (status === 'resolved' || isFiring);
    };
    const pending = isNew ? now.firing.map((event) => ({ number: newest, event })) : events.filter(isDue);
    try {
      for (let index = 0; index < pending.length; index += receiver.atOnce) {
        const some = pending.slice(index, Math.min(pending.length, index + receiver.atOnce));
        await receiver.send(some.map(({ event }) => event));
        const sent = some.at(-1);
        if (sent !== undefined && !isNew) history.sent(receiver.name, sent.number);
      }
      if (isNew || pending.length < events.length) history.sent(receiver.name, newest);
      return [];
    } catch (error) {
      if (!(error instanceof Error) || error.name === 'Interrupted') throw error;
      return [`${receiver.title} failed: ${error.message}; retried at the next check`];
    }
  });
  return (await Promise.all(all)).flat();
}

/** Words as a shell would split them, with quotes and backslashes and nothing else; none where a quote is open. */
export function splitWords(text: string): readonly string[] {
  const words: string[] = [];
  const part = /\s*((?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+)/gy;
  let end = 0;
  for (let match = part.exec(text); match !== null; match = part.exec(text)) {
    end = part.lastIndex;
    words.push(
      (match[1] ?? '').replace(
        /\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'/g,
        (_, escaped?: string, double?: string, single?: string) =>
          escaped ?? single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? '',
      ),
    );
  }
  return text.slice(end).trim() === '' ? words : [];
}
