import * as z from 'zod';
import { isPrintable } from '../text/outsideText.ts';
import { address } from './address.ts';
import { decoded } from './mask.ts';
import type { CopySettings, PairSetting, SignerSource } from './settings.ts';
import { timeSpan } from './timeSpan.ts';

/** What the host of `host.prefix` is called beside `host.others`. */
export const mainHost = 'host';

const word = () => z.string().min(1);

/** One source of a key, as a map in a file. Every value in it is text. */
export const signerSource = (): z.ZodType<SignerSource> =>
  z.union([
    z
      .strictObject({ keystore: word(), passwordFile: word().optional() })
      .transform(({ keystore, passwordFile }) => ({
        kind: 'keystore' as const,
        path: keystore,
        passwordFile,
      })),
    z
      .strictObject({ command: z.array(word()).min(1) })
      .transform(({ command }) => ({ kind: 'command' as const, words: command })),
    z
      .strictObject({ env: z.string().regex(/^\w+$/) })
      .transform(({ env }) => ({ kind: 'env' as const, name: env })),
    z.strictObject({ prompt: z.literal('true') }).transform(() => ({ kind: 'prompt' as const })),
  ]);

/** Where a key comes from, to be shown. */
export function showSigner(source: SignerSource): string {
  switch (source.kind) {
    case 'keystore':
      return `keystore ${source.path}`;
    case 'command':
      return `output of ${source.words[0]}`;
    case 'env':
      return `$${source.name}`;
    case 'prompt':
      return 'asked for';
  }
}

/** In characters: what a column of a table takes. */
const longestPairName = 64;

const pair = (): z.ZodType<PairSetting> =>
  z.union([
    z
      .string()
      .regex(/^0x[0-9a-fA-F]{64}$/)
      .transform((id) => ({ id: id.toLowerCase() as `0x${string}` })),
    z.tuple([address(), address()]).transform((tokens) => ({ tokens })),
  ]);

/** Pairs by the name that operators use. */
export const pairSettings = (): z.ZodType<Readonly<Record<string, PairSetting>>> =>
  z.record(z.string().min(1).max(longestPairName).refine(isPrintable), pair());

/** As an address of a machine, distinguishable from a sentence: `api-2`, `vault-2.internal`. */
const hostName = /^[A-Za-z0-9][\w.-]{0,62}$/;

/** Hosts by name, each with its prefix. The name `host` is that of `host.prefix`. */
export const hostPrefixes = (
  words: () => z.ZodType<readonly string[]>,
): z.ZodType<Readonly<Record<string, readonly string[]>>> =>
  z.record(
    z
      .string()
      .regex(hostName)
      .refine((name) => name !== mainHost),
    words().refine((prefix) => prefix.length > 0),
  );

const copyWords = () => z.array(word().refine(isPrintable)).min(1);
/** Default: a dump of 100 GiB over a line of 50 Mbit/s. */
const copyTimeoutMs = 6 * 3_600_000;

/** How backups are copied off the host, as a map in a file. Every value in it is text or a list of texts. */
export const copySetting = (): z.ZodType<CopySettings> =>
  z
    .strictObject({
      command: copyWords(),
      check: copyWords().optional(),
      fetch: copyWords().optional(),
      timeout: timeSpan().optional(),
    })
    .refine((copy) => placeholderProblem(copy) === undefined)
    .transform(({ command, check, fetch, timeout = copyTimeoutMs }) => ({
      command,
      check,
      fetch,
      timeoutMs: timeout,
    }));

type CopyWords = Partial<Record<(typeof copyParts)[number], unknown>>;
const copyParts = ['command', 'check', 'fetch'] as const;

/** What is wrong with a malformed `backup.copy`. It repeats no value: one may hold a secret. */
export function copyProblem(raw: unknown): string | undefined {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return 'it is not a map';
  const strange = Object.keys(raw).find((name) => ![...copyParts, 'timeout'].includes(name));
  if (strange !== undefined) return 'it has another entry than command, check, fetch and timeout';
  if (!('command' in raw)) return 'command is missing';
  for (const part of copyParts) {
    const words = (raw as CopyWords)[part];
    if (words !== undefined && !copyWords().safeParse(words).success) {
      return `${part} is not a list of words: no shell reads it`;
    }
  }
  const { timeout } = raw as { readonly timeout?: unknown };
  if (timeout !== undefined && !timeSpan().safeParse(timeout).success)
    return 'timeout is not a time, such as 90m';
  return placeholderProblem(raw);
}

/** Placeholders that one of the commands lacks, or does not have; a password on a command line. */
function placeholderProblem(copy: CopyWords): string | undefined {
  for (const part of copyParts) {
    const words = (copy[part] ?? []) as readonly string[];
    const names = words.flatMap((each) => [...each.matchAll(/\{([a-zA-Z_]+)\}/g)].map(([, name]) => name));
    if (names.some((name) => name !== 'path' && name !== 'name')) {
      return `${part} has another placeholder than {path} and {name}`;
    }
    if (part === 'command' && !names.includes('path')) return 'command lacks {path}, the backup to copy';
    if (part === 'fetch' && copy.fetch !== undefined && !(names.includes('path') && names.includes('name'))) {
      return 'fetch lacks {name}, the copy, or {path}, the folder to bring it to';
    }
    if (words.some((each) => urlPassword(each) !== '')) {
      return `${part} has a password in it, which belongs in the configuration of that program`;
    }
  }
  return undefined;
}

function urlPassword(text: string): string {
  return URL.canParse(text) ? new URL(text).password : '';
}

/** Passwords and what looks like a private key in a `backup.copy`, to be taken out of everything that tv writes. */
export function copyCredentials(raw: unknown): readonly string[] {
  const words = typeof raw === 'object' && raw !== null ? Object.values(raw).flat().map(String) : [];
  const passwords = words.map(urlPassword).filter((password) => password !== '');
  return [
    ...passwords.flatMap((password) => [password, decoded(password)]),
    ...words.flatMap((each) => each.match(/(0x)?[0-9a-f]{64}/gi) ?? []),
  ];
}
