import { readHealth } from '../../src/api/readHealth.ts';
import { onHost } from '../../src/errors/advice.ts';
import { answer } from '../../src/errors/answer.ts';
import { UnavailableError } from '../../src/errors/TvError.ts';
import { fetchUrl, jsonOf } from '../../src/host/fetchUrl.ts';
import { findNginx, type Nginx } from '../../src/host/nginx/findNginx.ts';
import { isIncluded, readIncludes, testConfiguration, testText } from '../../src/host/nginx/runNginx.ts';
import { FileError, readTextFile } from '../../src/host/readTextFile.ts';
import type { Api, Context } from '../../src/runbook/context.ts';
import type { PreflightResult } from '../../src/runbook/define.ts';
import { monotonic } from '../../src/runbook/monotonic.ts';
import { block, need, Preflight, pass, warn } from '../../src/runbook/preflight.ts';
import { count, howMany } from '../../src/text/format.ts';
import { quoteForShell } from '../../src/text/shellLine.ts';
import {
  type Listen,
  proofHeader,
  proofPath,
  type Server,
  type UpstreamText,
  whoseText,
} from './nginx.text.ts';

/** What was asked for, read and checked. */
export interface Wanted {
  readonly servers: readonly Server[];
  readonly listen: Listen;
  readonly name: string;
  /** Undefined: `conf.d/tempovault.conf` beside nginx's main configuration. */
  readonly file: string | undefined;
  readonly upstream: UpstreamText;
}

export type NginxFacts = {
  readonly nginx: Nginx;
  readonly file: string;
  readonly text: string;
  readonly id: string;
  /** What the file held; null where there was none. */
  readonly before: string | null;
  /** Whether nginx already works with this text. */
  readonly inUse: boolean;
  /** What answered at the address before the run. */
  readonly former: Pick<InUse, 'id' | 'listens'>;
  readonly servers: readonly Server[];
  readonly listen: Listen;
  readonly name: string;
};

/** Of one question to nginx or to an API server, in seconds. */
const askSeconds = 5;

/** What has to be so before the file is written. */
export async function preflightNginx(ctx: Context, wanted: Wanted): Promise<PreflightResult<NginxFacts>> {
  const preflight = new Preflight(ctx);

  const nginx = preflight.check('nginx', 'host', async () => {
    const found = await findNginx(ctx.host());
    if (found === undefined) {
      return block<Nginx>('nginx is not installed on the host', { next: [onHost('apt-get install nginx')] });
    }
    const { version, configuration, masters } = found;
    if (masters.length === 0) {
      return block<Nginx>(`nginx ${version} does not run, so nothing could be reloaded`, {
        next: [onHost('systemctl start nginx'), onHost('systemctl status nginx --no-pager')],
      });
    }
    if (masters.length > 1) {
      return block<Nginx>(
        `${howMany(masters.length, 'nginx')} run on the host, and which one is meant is unknown`,
        {
          facts: { masters: masters.join(', ') },
          next: [onHost(`ps -o pid,user,args -p ${masters.join(',')}`)],
        },
      );
    }
    return pass(`nginx ${version}, process ${masters[0]}, ${configuration}`, found);
  });

  preflight.check('configuration', 'host', async () => {
    const { ok, problems } = await testConfiguration(ctx.host(), await need(nginx, 'nginx'));
    if (ok) return pass('nginx -t accepts the configuration as it is now');
    return block('nginx -t rejects the configuration as it is now, without a change of tv', {
      facts: problemFacts(problems),
      next: [onHost('nginx -t')],
    });
  });

  const tested = preflight.check('text', 'host', async () => {
    const { ok, problems, isAboutText } = await testText(
      ctx.host(),
      await need(nginx, 'nginx'),
      wanted.upstream,
    );
    if (ok)
      return pass(`nginx -t accepts the new file by itself, ${howMany(wanted.servers.length, 'server')}`);
    const facts = problemFacts(problems);
    return isAboutText
      ? block('nginx -t rejects the new file', {
          facts,
          next: [{ when: 'correct the servers', tv: ['scale', 'nginx', '--help'] }],
        })
      : warn('the new file could not be tested by itself; it is tested with the rest before the reload', {
          facts,
        });
  });

  const file = preflight.check('file', 'host', async () => {
    const { configuration } = await need(nginx, 'nginx');
    return checkFile(ctx, wanted, configuration, await need(nginx, 'nginx'));
  });

  preflight.check('servers', 'api', async () => {
    await need(nginx, 'nginx');
    return checkServers(ctx, wanted.servers);
  });

  const use = preflight.check('in use', 'host', async () => {
    await need(nginx, 'nginx');
    const { id, listens, isNginx } = await readInUse(ctx, wanted);
    const value = { id, listens };
    if (id === wanted.upstream.id) return pass('nginx works with this file already', value);
    const { url } = wanted.listen;
    if (id !== '') return pass(`nginx works with another upstream of tv at ${url}`, value);
    if (isNginx === false) return warn(`what answers at ${url} is apparently not nginx`, { value });
    return pass(`no upstream of tv is in use at ${url}`, value);
  });

  const [checks, found, place, former] = await Promise.all([preflight.checks(), nginx, file, use, tested]);
  if (found === undefined || place === undefined || former === undefined) return { checks, facts: undefined };
  const { servers, listen, name, upstream } = wanted;
  const inUse = former.id === upstream.id && place.before === upstream.text;
  return { checks, facts: { nginx: found, ...place, ...upstream, inUse, former, servers, listen, name } };
}

type Place = { readonly file: string; readonly before: string | null };

async function checkFile(ctx: Context, wanted: Wanted, configuration: string, nginx: Nginx) {
  const file = wanted.file ?? `${configuration.replace(/\/[^/]*$/, '')}/conf.d/tempovault.conf`;
  const { environment } = ctx.settings;
  const elsewhere = { again: ['--file', `${file.replace(/(\.conf)?$/, '')}-${environment}.conf`] };
  const includes = await readIncludes(ctx.host(), nginx);
  if (!isIncluded(file, includes)) {
    return block<Place>(`no include line of nginx takes in ${file}`, {
      facts: { configuration, includes: includes.join(', ') || 'none' },
      next: [
        { when: `add "include ${file};" to the http block, then`, again: [] },
        { when: 'or', again: ['--file', '…'] },
      ],
    });
  }
  const folder = file.replace(/\/[^/]*$/, '') || '/';
  const { exitCode } = await ctx.host().run(['test', '-d', folder, '-a', '-w', folder]);
  if (exitCode !== 0) {
    return block<Place>(`${folder} is no folder, or may not be written to`, {
      next: [onHost(`ls -ld ${quoteForShell(folder)}`)],
    });
  }
  const before = await textOf(ctx, file);
  if (before === null) return pass(`${file}, new`, { file, before });
  switch (whoseText(before, environment)) {
    case 'ours':
      return pass(before === wanted.upstream.text ? `${file}, as it should be` : `${file}, is replaced`, {
        file,
        before,
      });
    case 'changed':
      return block<Place>(`${file} was changed by hand since tv wrote it`, {
        next: [
          onHost(`cat ${quoteForShell(file)}`),
          { when: 'move what was added to another file and remove this one, or', ...elsewhere },
        ],
      });
    case 'other-environment':
      return block<Place>(`${file} belongs to another environment`, { next: [elsewhere] });
    case 'foreign':
      return block<Place>(`${file} was not written by tv`, {
        next: [onHost(`head ${quoteForShell(file)}`), elsewhere],
      });
  }
}

/** What a file holds; null where there is none. @throws FileError */
export async function textOf(ctx: Pick<Context, 'host'>, path: string): Promise<string | null> {
  try {
    return (await readTextFile(ctx.host(), { path })).text;
  } catch (error) {
    if (error instanceof FileError && error.problem === 'missing') return null;
    throw error;
  }
}

/** What each server says of itself, asked from the host of nginx. */
async function checkServers(ctx: Context, servers: readonly Server[]) {
  const all = await Promise.all(
    servers.map(async ({ address }) => ({
      address,
      health: await answer(readHealth(apiOnHost(ctx, address))),
    })),
  );
  const chains = all.flatMap(({ address, health }) =>
    health.known && health.value.chainId !== undefined ? [{ address, chainId: health.value.chainId }] : [],
  );
  // Without a setting they have to agree at least.
  const expected = ctx.settings.chain.id ?? chains[0]?.chainId;
  const wrong = chains.filter(({ chainId }) => chainId !== expected);
  if (wrong.length > 0) {
    return block(`${howMany(wrong.length, 'server')} of another chain than ${expected}`, {
      facts: Object.fromEntries(wrong.map(({ address, chainId }) => [address, `chain ${chainId}`])),
      next: ['take these servers out'],
    });
  }
  const silent = all.filter(({ health }) => !health.known);
  const facts = Object.fromEntries(
    all.flatMap(({ address, health }) => {
      if (!health.known) return [[address, health.reason]];
      const { status, chainId } = health.value;
      const words = [
        ...(status === 'healthy' ? [] : [`/health is ${status}`]),
        ...(chainId === undefined ? ['its chain is unknown'] : []),
      ];
      return words.length === 0 ? [] : [[address, words.join('; ')]];
    }),
  );
  if (silent.length === all.length) {
    return block('no server answers as TempoVault’s API', {
      facts,
      next: [onHost(`curl -sS http://${all[0]?.address}/health`)],
    });
  }
  if (Object.keys(facts).length === 0)
    return pass(`${count(all.length)} of ${all.length} answer /health healthy`);
  return warn(
    `${count(all.length - silent.length)} of ${all.length} answer; nginx leaves out one that fails three times in 10 s`,
    { facts },
  );
}

/** The API at an address as the host sees it. */
function apiOnHost(ctx: Context, address: string): Api {
  const url = `http://${address}`;
  return {
    url,
    get: async (path) => {
      const start = monotonic(ctx.clock);
      const found = await fetchUrl(ctx.host(), { url: url + path, limitSeconds: askSeconds });
      if (found === undefined) {
        throw new UnavailableError('api.unreachable', 'The connection was refused.');
      }
      return {
        status: found.status,
        body: jsonOf(found, url + path),
        durationMs: monotonic(ctx.clock) - start,
      };
    },
  };
}

/** Asks nginx, from its own host and through the upstream. */
export function askNginx(ctx: Pick<Context, 'host'>, { listen, name }: Pick<Wanted, 'listen' | 'name'>) {
  return fetchUrl(ctx.host(), {
    url: listen.url + proofPath,
    limitSeconds: askSeconds,
    ...(name === '_' ? {} : { name }),
  });
}

export interface InUse {
  /** Of the text that nginx works with; empty where it is none of tv's, or nothing listens. */
  readonly id: string;
  /** Whether anything answers; the connection was refused otherwise. */
  readonly listens: boolean;
  /** By what it calls itself; undefined where nothing listens, or it does not say. */
  readonly isNginx: boolean | undefined;
}

/** Which text nginx works with. @throws TvError where what listens does not answer */
export async function readInUse(
  ctx: Pick<Context, 'host'>,
  wanted: Pick<Wanted, 'listen' | 'name'>,
): Promise<InUse> {
  const found = await askNginx(ctx, wanted);
  const server = found?.headers.get('server');
  return {
    id: found?.headers.get(proofHeader) ?? '',
    listens: found !== undefined,
    isNginx: server === undefined ? undefined : /^nginx\b/i.test(server),
  };
}

/** What nginx said, as facts beneath a sentence. */
export function problemFacts(problems: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(problems.map((line, index) => [`nginx ${index + 1}`, line]));
}
