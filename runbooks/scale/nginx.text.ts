import { createHash } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import { UsageError } from '../../src/errors/TvError.ts';
import { withoutKeys } from '../../src/text/pastedKeys.ts';

/** One API server behind nginx. */
export type Server = {
  /** As nginx writes it: `10.0.1.1:3000`, `[fd00::1]:3000`, `api-2.internal:3000`. */
  readonly address: string;
  readonly weight: number;
};

/** Where nginx listens. */
export type Listen = {
  /** As nginx writes it: `80`, `127.0.0.1:8080`, `[::]:80`. */
  readonly address: string;
  /** Where it is asked from its own host. */
  readonly url: string;
  /** Addresses of the host, from which such a question may come. */
  readonly own: readonly string[];
  readonly port: number;
};

/** nginx takes any positive number. Above this a typing error is likelier. */
const mostWeight = 1_000;
const mostPort = 65_535;
/** A name of RFC 1123, whose last label is no number: `10.0.1` is a shortened IPv4 address to some programs. */
const hostName =
  /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const example = { tv: ['scale', 'nginx', '--server', '10.0.1.1:3000', '--server', '10.0.1.2:3000=2'] };

function malformed(what: string, given: string, expected: string): UsageError {
  return new UsageError('usage.malformed-value', what, {
    facts: { given: withoutKeys(given), expected },
    next: example,
  });
}

/**
 * The servers of `--server HOST:PORT[=WEIGHT]`. What they hold ends up in a configuration file, so that nothing
 * but an address, a name and numbers passes.
 * @throws UsageError where one is malformed, or named twice
 */
export function parseServers(given: readonly string[]): readonly Server[] {
  const servers = given.map(parseServer);
  const seen = new Map<string, string>();
  servers.forEach(({ address }, index) => {
    const text = given[index] ?? '';
    const first = seen.get(address);
    if (first !== undefined) {
      throw new UsageError('usage.malformed-value', 'A server is given twice.', {
        facts: { server: address, given: withoutKeys(`${first} and ${text}`) },
        next: { when: 'give one that is to get more requests a weight', ...example },
      });
    }
    seen.set(address, text);
  });
  return servers;
}

function parseServer(text: string): Server {
  const [, place = '', weightText] = /^(.*?)(?:=([^=]*))?$/s.exec(text) ?? [];
  const weight = weightText === undefined ? 1 : wholeNumber(weightText, mostWeight);
  if (weight === undefined) {
    throw malformed('The weight of a server is malformed.', text, `a whole number from 1 to ${mostWeight}`);
  }
  const { host, port } = parsePlace(place, text, 'server');
  if (host === undefined) {
    throw malformed('A server needs a host and a port.', text, 'HOST:PORT, such as 10.0.1.1:3000');
  }
  if (/^(0\.0\.0\.0|\[::\])$/.test(host)) {
    throw malformed('A server cannot be reached at the wildcard address.', text, 'the address of one host');
  }
  return { address: `${host}:${port}`, weight };
}

/**
 * `--listen [ADDRESS:]PORT`.
 * @throws UsageError where it is malformed, or a server is nginx itself
 */
export function parseListen(text: string, servers: readonly Server[]): Listen {
  const { host, port } = parsePlace(text, text, 'address to listen on');
  if (host !== undefined && !isIPv4(host) && !host.startsWith('[')) {
    throw malformed('nginx listens on an address, not on a name.', text, 'PORT or ADDRESS:PORT');
  }
  const own = host === undefined || host === '0.0.0.0' ? '127.0.0.1' : host === '[::]' ? '[::1]' : host;
  const listen = {
    address: host === undefined ? String(port) : `${host}:${port}`,
    url: `http://${own}:${port}`,
    own: [...new Set(['127.0.0.1', '::1', own.replace(/^\[|\]$/g, '')])],
    port,
  };
  const local = ['127.0.0.1', '[::1]', 'localhost', own].map((name) => `${name}:${port}`);
  const loop = servers.find(({ address }) => local.includes(address));
  if (loop !== undefined) {
    throw new UsageError(
      'usage.conflicting-flags',
      'A server is the address on which nginx itself listens.',
      {
        facts: { server: loop.address, '--listen': text },
        next: { again: ['--listen', port === 8080 ? '8081' : '8080'] },
      },
    );
  }
  return listen;
}

function parsePlace(
  place: string,
  text: string,
  what: string,
): { readonly host: string | undefined; readonly port: number } {
  const [, host, portText = ''] = /^(?:(.*):)?([^:]*)$/s.exec(place) ?? [];
  if (host?.includes(':') === true && !host.startsWith('[')) {
    throw malformed(`The ${what} has an IPv6 address without brackets.`, text, '[fd00::1]:3000');
  }
  const name = host === undefined ? undefined : canonicalHost(host);
  if (host !== undefined && name === undefined) {
    throw malformed(
      `The host of the ${what} is malformed.`,
      text,
      'an IPv4 address, an IPv6 address in brackets, or a host name',
    );
  }
  const port = wholeNumber(portText, mostPort);
  if (port === undefined) {
    throw malformed(
      `The port of the ${what} is malformed or missing.`,
      text,
      `a whole number from 1 to ${mostPort}`,
    );
  }
  return { host: name, port };
}

/** One spelling of each host; undefined for what is none. */
function canonicalHost(host: string): string | undefined {
  const inner = /^\[(.*)\]$/s.exec(host)?.[1];
  // A zone (`fe80::1%eth0`) is no address that other hosts could use.
  if (inner !== undefined)
    return isIPv6(inner) && !inner.includes('%') ? new URL(`http://[${inner}]`).hostname : undefined;
  if (isIPv4(host)) return host;
  const name = host.toLowerCase().replace(/\.$/, '');
  return hostName.test(name) ? name : undefined;
}

function wholeNumber(text: string, most: number): number | undefined {
  const value = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : Number.NaN;
  return value <= most ? value : undefined;
}

/** Where nginx is asked, from its own host alone, through the upstream, and which header names the text in use. */
export const proofPath = '/tempovault-upstream';
export const proofHeader = 'x-tempovault-config';
export const serverHeader = 'x-tempovault-server';

export type UpstreamText = {
  readonly text: string;
  /** Of everything in the text; in the header of an answer it shows that this text is in use. */
  readonly id: string;
};

const idPlace = '@ID@';

/** The file that nginx includes. @param name the `server_name` that users ask for; `_` for any */
export function upstreamText(parameters: {
  readonly environment: string;
  readonly servers: readonly Server[];
  readonly listen: Listen;
  readonly name: string;
}): UpstreamText {
  const { environment, servers, listen, name } = parameters;
  const draft = `${firstLine(environment)}
# tv does not overwrite it once it was changed by hand: keep other server blocks in other files.

upstream tempovault_api {
    # Shared by the worker processes: without it each counts connections and failures by itself.
    zone tempovault_api 64k;
    least_conn;
${servers.map(({ address, weight }) => `    server ${address} weight=${weight} max_fails=3 fail_timeout=10s;`).join('\n')}
    keepalive 16;
}

server {
    listen ${listen.address};
    server_name ${name};

    proxy_http_version 1.1;
    proxy_connect_timeout 3s;
    proxy_send_timeout 30s;
    proxy_read_timeout 30s;

    # Only requests that change nothing are tried again. 503 is left out: every API server answers so on
    # /ready while the RPC node is away, and none of them would be left.
    proxy_next_upstream error timeout http_502 http_504;
    proxy_next_upstream_tries 2;
    proxy_next_upstream_timeout 10s;

    proxy_set_header Host $host;
    proxy_set_header Connection "";
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;

    location / {
        proxy_pass http://tempovault_api;
    }

    # For this host alone: which text is in use, and whether an API server answers through it.
    location = ${proofPath} {
${listen.own.map((address) => `        allow ${address};`).join('\n')}
        deny all;
        add_header ${proofHeader} ${idPlace} always;
        add_header ${serverHeader} $upstream_addr always;
        proxy_pass http://tempovault_api/health;
    }
}
`;
  return withId(draft);
}

function withId(draft: string): UpstreamText {
  const id = createHash('sha256').update(draft).digest('hex').slice(0, 16);
  return { text: draft.replace(idPlace, id), id };
}

function firstLine(environment: string): string {
  return `# Written by tv scale nginx for the environment ${environment}.`;
}

/**
 * Whose a file is: of this environment's tv, of another environment's, changed by hand since, or of others.
 */
export function whoseText(
  text: string,
  environment: string,
): 'ours' | 'changed' | 'other-environment' | 'foreign' {
  const [first = ''] = text.split('\n');
  if (first !== firstLine(environment)) {
    return first.startsWith('# Written by tv scale nginx for ') ? 'other-environment' : 'foreign';
  }
  const id = idIn(text);
  return id !== undefined && withId(text.replace(id, idPlace)).id === id ? 'ours' : 'changed';
}

/** The id that a text has in its header. */
export function idIn(text: string): string | undefined {
  return new RegExp(`add_header ${proofHeader} ([0-9a-f]{16}) always;`).exec(text)?.[1];
}
