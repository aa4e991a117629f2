import * as z from 'zod';
import { readHealth } from '../../src/api/readHealth.ts';
import { onHost } from '../../src/errors/advice.ts';
import { answer } from '../../src/errors/answer.ts';
import { TvError, UsageError } from '../../src/errors/TvError.ts';
import { jsonOf } from '../../src/host/fetchUrl.ts';
import { findNginx, type Nginx } from '../../src/host/nginx/findNginx.ts';
import { reload, testConfiguration, testText } from '../../src/host/nginx/runNginx.ts';
import { removeFiles } from '../../src/host/removeFiles.ts';
import { writeSystemFile } from '../../src/host/writeSystemFile.ts';
import { ChangedSince } from '../../src/runbook/changedSince.ts';
import type { Check } from '../../src/runbook/check.ts';
import type { Context } from '../../src/runbook/context.ts';
import { defineRunbook, field, type InputOf, type Step, type StepContext } from '../../src/runbook/define.ts';
import { poll } from '../../src/runbook/poll.ts';
import { block, Preflight, pass } from '../../src/runbook/preflight.ts';
import { howMany } from '../../src/text/format.ts';
import { quoteForShell, quoteWords } from '../../src/text/shellLine.ts';
import { byHand } from './nginx.byHand.ts';
import {
  askNginx,
  type InUse,
  type NginxFacts,
  preflightNginx,
  problemFacts,
  readInUse,
  textOf,
  type Wanted,
} from './nginx.preflight.ts';
import {
  idIn,
  parseListen,
  parseServers,
  proofHeader,
  proofPath,
  type Server,
  serverHeader,
  upstreamText,
} from './nginx.text.ts';

const input = {
  server: field(
    '--server <server...>',
    'API servers, each HOST:PORT or HOST:PORT=WEIGHT',
    z.array(z.string()).min(1),
  ),
  listen: field(
    '--listen <address>',
    'where nginx is to listen: PORT or ADDRESS:PORT (default: 80)',
    z.string().default('80'),
  ),
  file: field(
    '--file <path>',
    "the file to write (default: conf.d/tempovault.conf beside nginx's main configuration)",
    z
      .string()
      .regex(/^\/[\w@%+=:,./-]*[\w-]$/, 'expected an absolute path of letters, digits and . _ - / only')
      .optional(),
  ),
  apply: field(
    '--apply',
    'write the file and reload nginx (without it: only print)',
    z.boolean().default(false),
  ),
};

/** What is printed without `--apply`. */
type NginxPrintout = {
  readonly text: string;
  readonly servers: readonly Server[];
  readonly listen: string;
  /** What `nginx -t` on the host says of the text; null where it could not be asked. */
  readonly tested: boolean | null;
  readonly said: string;
};

/** Runbook §5, "Horizontal Scaling": without `--apply` it only prints. */
export default defineRunbook<typeof input, NginxFacts, NginxPrintout>({
  title: 'Balance the API over several servers',
  summary: 'Balance the API over servers with nginx',
  section: '5',
  order: 6,
  risk: 'moderate',
  description: `
Prints a server block and an upstream for nginx: the server with the fewest connections gets the next request
(least_conn), one that fails three times in 10 s is left out for 10 s, with timeouts and the headers that the API
needs. \`nginx -t\` on the host tests it by itself; where nginx is not installed, the output says so.

With --apply the file is written at once, \`nginx -t\` tests the whole configuration, nginx is reloaded, and asked
through the new upstream until it answers with this very text. If any of that fails, the former file is restored
and nginx reloaded again, as \`tv runs undo\` does later. Nothing is changed where a server belongs to another
chain, no server answers, or the file was not written by tv.

TLS stays where it is: a server block of your own with the certificate can use \`proxy_pass http://tempovault_api\`,
and --listen 127.0.0.1:8080 keeps the one of tv to the host. The name is that of \`api.publicUrl\`.`,
  byHand,
  examples: [
    {
      what: 'Print a configuration for two servers, one twice as strong',
      line: 'tv scale nginx --server 10.0.0.5:3000=2 --server 10.0.0.6:3000',
    },
    {
      what: 'Write it and reload nginx',
      line: 'tv scale nginx --server 10.0.0.5:3000 --server 10.0.0.6:3000 --apply',
    },
  ],
  input,
  example: {
    facts: exampleFacts(),
    input: { server: ['10.0.1.1:3000'], listen: '80', file: undefined, apply: true },
  },
  onFailure: 'stop',
  printout: async (ctx, given) => {
    const wanted = wantedOf(ctx, given);
    if (given.apply) return undefined;
    const { upstream, servers, listen } = wanted;
    const tested = await testedInWords(ctx, upstream.text);
    return {
      data: { text: upstream.text, servers, listen: listen.address, tested: tested.ok, said: tested.words },
      files: [],
      render: (paint) =>
        `${upstream.text}\n# ${tested.words}\n# To write it and reload nginx: ${paint.line({ again: ['--apply'] })}\n`,
    };
  },
  concurrency: () => ({ touches: ['nginx'], waitsFor: 'touching', blockedBy: 'touching' }),
  preflight: (ctx, given) => preflightNginx(ctx, wantedOf(ctx, given)),
  basis: ({ file, id, before, nginx }) => ({ file, id, before, configuration: nginx.configuration }),
  changes: ({ file, before, inUse }) =>
    inUse
      ? []
      : [
          {
            kind: 'file',
            what: file,
            course: before === null ? ['none', 'written'] : ['the former upstream', 'replaced'],
          },
          { kind: 'unit', what: 'nginx', course: ['running', 'reloaded'] },
        ],
  consequence: ({ file, before, servers, listen }) =>
    `nginx will pass what comes in at ${listen.address} on to ${howMany(servers.length, 'API server')}; ${file} is ${before === null ? 'created' : 'replaced'}.`,
  plan: (facts) => (facts.inUse ? [] : [write(facts), takeIntoUse(facts)]),
  verify,
});

/** The input, read. @throws UsageError */
function wantedOf({ settings }: Pick<Context, 'settings'>, given: InputOf<typeof input>): Wanted {
  const servers = parseServers(given.server);
  const listen = parseListen(given.listen, servers);
  const { publicUrl } = settings.api;
  const name = publicUrl === undefined ? '_' : new URL(publicUrl).hostname;
  if (!/^(_|[\w.-]+|\[[0-9a-f:]+\])$/i.test(name)) {
    throw new UsageError('usage.malformed-value', 'The host of api.publicUrl cannot be a name for nginx.', {
      facts: { host: name },
      next: { tv: ['config', 'show'] },
    });
  }
  const upstream = upstreamText({ environment: settings.environment, servers, listen, name });
  return { servers, listen, name, file: given.file, upstream };
}

/**
 * What `nginx -t` on the host says of a text. That it could not be asked is part of the answer.
 * @throws TvError where it rejects the text
 */
async function testedInWords(
  ctx: Context,
  text: string,
): Promise<{ readonly ok: boolean | null; readonly words: string }> {
  let nginx: Nginx | undefined;
  try {
    nginx = await findNginx(ctx.host());
    if (nginx === undefined) {
      return { ok: null, words: 'Not tested: nginx is not installed on the host.' };
    }
    const { ok, isAboutText, problems } = await testText(ctx.host(), nginx, { text });
    if (ok) return { ok, words: `nginx -t accepts it by itself (nginx ${nginx.version} on the host).` };
    if (!isAboutText) {
      return {
        ok: null,
        words: `Not tested: nginx -t could not run (${problems[0] ?? 'it says no reason'}).`,
      };
    }
    throw new TvError('nginx.rejected', 'nginx -t rejects the configuration.', {
      facts: problemFacts(problems),
      next: { tv: ['scale', 'nginx', '--help'] },
    });
  } catch (error) {
    if (!(error instanceof TvError) || error.code === 'nginx.rejected') throw error;
    return { ok: null, words: `Not tested: ${error.message}` };
  }
}

/** As an operator types it: nginx is on the PATH of root. */
function nginxLine({ flags }: Pick<Nginx, 'flags'>, ...more: readonly string[]): string {
  return quoteWords(['nginx', ...flags, ...more]);
}

/** How long nginx may take to start workers with the new file, in milliseconds. */
const reloadMs = 15_000;
/** How long former workers take connections beside the new ones, in milliseconds: nginx has them end after 100. */
const endingMs = 2_000;

function write(facts: NginxFacts): Step {
  const { file, text, before, nginx } = facts;
  return {
    id: 'write',
    title: `${before === null ? 'create' : 'replace'} ${file}, and test the whole configuration`,
    command: `tee ${quoteForShell(file)} && ${nginxLine(nginx, '-t')}`,
    effect: 'reversible',
    undoTitle: before === null ? `remove ${file}` : `restore ${file}`,
    idempotent: true,
    run: async (ctx) => {
      await assertOwn(ctx, facts);
      await writeSystemFile(ctx.host(), { path: file, text });
      const { ok, problems } = await testConfiguration(ctx.host(), nginx);
      // nginx only warns of a second server of the same name and address, and never uses it.
      const ignored = problems.filter((line) => /conflicting server name .* ignored/.test(line));
      if (ok && ignored.length === 0) return { written: file };
      throw new TvError(
        'nginx.rejected',
        ok
          ? 'nginx has a server of this name at this address already, and would ignore the new one.'
          : 'nginx -t rejects the configuration with the new file.',
        {
          facts: problemFacts(ok ? ignored : problems),
          next: ok
            ? [
                {
                  when: 'use another address, and pass on to http://tempovault_api there',
                  again: ['--listen', '127.0.0.1:8080'],
                },
                onHost(`${nginxLine(nginx, '-T')} | grep -n server_name`),
              ]
            : onHost(nginxLine(nginx, '-t')),
        },
      );
    },
    assertUndoable: (ctx) => assertOwn(ctx, facts),
    undo: (ctx) => restore(ctx, facts),
    checkUndone: async (ctx) => {
      if ((await textOf(ctx, file)) === before) {
        return pass(before === null ? `${file} is gone, as before the run` : `${file} is as before the run`);
      }
      return block(`${file} is not as before the run`, { next: [onHost(`cat ${quoteForShell(file)}`)] });
    },
  };
}

function takeIntoUse(facts: NginxFacts): Step {
  const { id, nginx, listen } = facts;
  return {
    id: 'reload',
    title: `reload nginx, and wait until it works with the new file`,
    command: nginxLine(nginx, '-s', 'reload'),
    effect: 'reversible',
    undoTitle: 'restore the former file and reload nginx',
    idempotent: true,
    run: async (ctx) => {
      await reloaded(ctx, facts);
      await awaitUse(ctx, facts, (now) => now.id === id);
      return { inUse: id };
    },
    assertUndoable: (ctx) => assertOwn(ctx, facts),
    undo: async (ctx) => {
      await restore(ctx, facts);
      await reloaded(ctx, facts);
      await awaitUse(ctx, facts, (now) => isAsBefore(facts, now));
    },
    checkUndone: async (ctx) => {
      // A worker that is ending may still take a connection.
      const now = await poll(
        ctx.clock,
        { everyMs: 100, limitMs: endingMs, signal: ctx.signal },
        () => readInUse(ctx, facts),
        (seen) => isAsBefore(facts, seen),
      );
      if (isAsBefore(facts, now)) {
        if (!now.listens) return pass(`nothing listens at ${listen.url}, as before the run`);
        const none = `no upstream of tv is in use at ${listen.url}`;
        return pass(now.id === '' ? none : 'nginx works with the former file');
      }
      const words =
        now.id === id
          ? 'nginx still works with the file of this run'
          : now.listens
            ? `what answers at ${listen.url} is not the former upstream`
            : `nothing listens at ${listen.url}, and before the run something did`;
      return block(words, {
        facts: { expected: formerId(facts) || 'none of tv' },
        next: [onHost('systemctl status nginx --no-pager')],
      });
    },
  };
}

function formerId({ before }: NginxFacts): string {
  return before === null ? '' : (idIn(before) ?? '');
}

/**
 * Whether nginx works without the file of this run, as before it. Former text of tv answers only at its own address;
 * it may also not have been in use before, and be so after the reload.
 */
function isAsBefore(facts: NginxFacts, { id, listens }: Pick<InUse, 'id' | 'listens'>): boolean {
  const { former } = facts;
  if (id === facts.id || (former.listens && !listens)) return false;
  // The run's own text was in use already, from before the file was changed.
  if (former.id === facts.id) return formerId(facts) === '' || id === formerId(facts);
  return id === former.id || (id !== '' && id === formerId(facts));
}

function answerWords({ id, listens }: InUse): string {
  return listens ? id || 'no upstream of tv' : 'nothing listens';
}

/** @throws ChangedSince where the file is neither as before the run nor this run's */
async function assertOwn(ctx: StepContext, { file, before, text }: NginxFacts): Promise<void> {
  const now = await textOf(ctx, file);
  if (now === before || now === text) return;
  throw new ChangedSince(ctx, `${file} is neither as before nor as this run writes it`, { file });
}

async function restore(ctx: StepContext, facts: NginxFacts): Promise<void> {
  const { file, before } = facts;
  await assertOwn(ctx, facts);
  if (before === null) await removeFiles(ctx.host(), { paths: [file] });
  else if ((await textOf(ctx, file)) !== before)
    await writeSystemFile(ctx.host(), { path: file, text: before });
}

/** @throws TvError where nginx refuses the signal */
async function reloaded(ctx: StepContext, { nginx }: NginxFacts): Promise<void> {
  const { ok, problems } = await reload(ctx.host(), nginx);
  if (ok) return;
  throw new TvError('nginx.not-reloaded', 'nginx could not be reloaded.', {
    facts: problemFacts(problems),
    next: onHost('systemctl status nginx --no-pager'),
  });
}

/** After a failed reload the old workers keep running; only nginx's error log reports it. */
async function awaitUse(
  ctx: StepContext,
  facts: NginxFacts,
  isExpected: (now: InUse) => boolean,
): Promise<void> {
  const seen = await poll(
    ctx.clock,
    { everyMs: 100, limitMs: reloadMs, signal: ctx.signal },
    // While workers change, a connection may break.
    () => answer(readInUse(ctx, facts)),
    (now) => now.known && isExpected(now.value),
  );
  if (seen.known && isExpected(seen.value)) return;
  throw new TvError('nginx.not-reloaded', 'nginx was reloaded but does not use the new configuration.', {
    facts: {
      asked: facts.listen.url + proofPath,
      answer: seen.known ? answerWords(seen.value) : seen.reason,
    },
    next: [onHost('tail -n 20 /var/log/nginx/error.log'), onHost('journalctl -u nginx -n 20 --no-pager')],
  });
}

/** The file as written, a configuration that nginx accepts, and an API server that answers through the upstream. */
export async function verify(ctx: StepContext, facts: NginxFacts): Promise<readonly Check[]> {
  const { file, text, id, nginx, listen, servers } = facts;
  const preflight = new Preflight(ctx);
  preflight.check('file', 'host', async () => {
    if ((await textOf(ctx, file)) !== text) return block(`${file} is not what was written`);
    const { ok, problems } = await testConfiguration(ctx.host(), nginx);
    return ok
      ? pass(`${file}, as written; nginx -t accepts the whole configuration`)
      : block('nginx -t rejects the configuration', { facts: problemFacts(problems) });
  });
  preflight.check('upstream', 'api', async (signal) => {
    const url = listen.url + proofPath;
    // A worker with the former file that is ending may still take a connection.
    const found = await poll(
      ctx.clock,
      { everyMs: 100, limitMs: endingMs, signal },
      () => askNginx(ctx, facts),
      (seen) => seen?.headers.get(proofHeader) === id,
    );
    if (found === undefined) return block(`nothing listens at ${listen.url}`);
    const { status, headers } = found;
    if (headers.get(proofHeader) !== id) {
      return block('nginx does not work with this file', { facts: { asked: url, answer: `HTTP ${status}` } });
    }
    const next = [onHost(`curl -sS http://${servers[0]?.address}/health`)];
    if (status !== 200) {
      return block(`nginx works with this file, and no API server answers through it: HTTP ${status}`, {
        next,
      });
    }
    const health = await readHealth({
      url: listen.url,
      get: async () => ({ status, body: jsonOf(found, url), durationMs: 0 }),
    });
    const expected = ctx.settings.chain.id;
    if (expected !== undefined && health.chainId !== undefined && health.chainId !== expected) {
      return block(`an API server of chain ${health.chainId} answers, not of ${expected}`, { next });
    }
    return pass(
      `${headers.get(serverHeader) ?? 'an API server'} answers /health ${health.status} through nginx at ${listen.url}`,
    );
  });
  return preflight.checks();
}

function exampleFacts(): NginxFacts {
  const servers = parseServers(['10.0.1.1:3000', '10.0.1.2:3000', '10.0.1.3:3000']);
  const listen = parseListen('80', servers);
  const name = 'api.tempovault.xyz';
  return {
    nginx: {
      program: '/usr/sbin/nginx',
      version: '1.22.1',
      configuration: '/etc/nginx/nginx.conf',
      flags: [],
      masters: [812],
    },
    file: '/etc/nginx/conf.d/tempovault.conf',
    ...upstreamText({ environment: 'production', servers, listen, name }),
    before: null,
    inUse: false,
    former: { id: '', listens: true },
    ...{ servers, listen, name },
  };
}
