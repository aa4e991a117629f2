import * as z from 'zod';
import { isPrintable } from '../text/outsideText.ts';
import { address } from './address.ts';
import type { PairSetting, SignerSource } from './settings.ts';

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
