import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import * as z from 'zod';
import { explainTrouble, readSmallFile } from '../config/trustedFile.ts';
import { onThisMachine } from '../errors/advice.ts';
import { exitCodes, TvError } from '../errors/TvError.ts';
import { syncDirectory, WriteError, writeWhole } from '../output/durableFile.ts';
import type { Check } from '../runbook/check.ts';
import { type Effects, outcomeOf } from '../runbook/effects.ts';
import type { OverrideUse, PlanData } from '../runbook/events.ts';
import { asJson, type Json } from '../runbook/json.ts';
import { check as checkData, effects, plannedChange, stepData } from '../runbook/schemas.ts';
import { isPrintable } from '../text/outsideText.ts';
import { withoutKeys } from '../text/pastedKeys.ts';
import { quoteForShell } from '../text/shellLine.ts';
import { canonicalJson, digest, digestedSteps } from './digest.ts';

const schemaId = 'tv.plan-file/1';
/** In bytes. A plan of some dozen steps has some ten thousand. */
const largest = 2 ** 20;
const largestSignature = 16 * 1024;
/** Further ones are not read. */
const mostSignatures = 32;
/** A clock of another machine may be ahead by so much, in milliseconds. */
const clockSkewMs = 5 * 60_000;

/** A plan file as it was read. */
export interface PlanFile {
  readonly file: string;
  readonly bytes: Buffer;
  /** Of all bytes; names this file in journals. */
  readonly sha256: string;
  readonly document: PlanDocument;
}

/** A signature beside a plan file, not checked yet. */
export interface SignatureFile {
  readonly file: string;
  /** Undefined where it cannot be read. */
  readonly text: string | undefined;
}

const line = z.string().max(4_000);
const advice = z.union([
  line,
  z.strictObject({ tv: z.array(line), when: line.optional(), on: line.optional() }),
  z.strictObject({ again: z.array(line), when: line.optional() }),
  z.strictObject({ shell: line, on: z.enum(['host', 'here']), when: line.optional() }),
]);
const isoTime = z.iso.datetime();
const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** Of a plan document, all but the plan and the checks, whose advice is data in a file and a line where it is shown. */
export const documentFields = {
  createdAt: isoTime,
  expiresAt: isoTime,
  createdBy: z.strictObject({ user: line, host: line }),
  version: line,
  environment: line,
  chainId: z.int().positive().nullable(),
  runbook: line,
  title: line,
  section: line,
  risk: z.enum(['mild', 'moderate', 'severe']),
  input: z.json(),
  /** Of `restsOn`; what `--plan` compares. */
  digest: hash,
  /** What will be done, and the facts that it rests on. */
  restsOn: z.looseObject({ runbook: line, environment: line, steps: z.array(z.json()) }),
  overrides: z.array(z.strictObject({ check: line, reason: line })),
};

type DocumentFields = z.infer<z.ZodObject<typeof documentFields>>;

/** What a dry run has found, as another person approves it. */
export type PlanDocument = Readonly<Omit<DocumentFields, 'input' | 'restsOn' | 'overrides'>> & {
  readonly input: Json;
  readonly restsOn: Json;
  readonly overrides: readonly OverrideUse[];
  readonly plan: PlanData;
  readonly checks: readonly Check[];
};

/** A plan file, published as `tv.plan-file/1`. What it does not name is refused. */
export const planFileSchema = z.strictObject({
  schema: z.literal(schemaId),
  ...documentFields,
  // What a plan holds besides is kept as it is.
  plan: z.looseObject({
    id: hash,
    consequence: line,
    steps: z.array(
      z.strictObject({
        ...stepData.shape,
        ...{ id: line, title: line, command: z.string().max(64 * 1024), undo: line.nullable() },
        afterwards: advice.optional(),
      }),
    ),
    changes: z.array(plannedChange).optional(),
    effects: effects.refine((value) => hasAmounts(value as Effects), 'amounts are malformed').optional(),
  }),
  checks: z.array(
    z.looseObject({ ...checkData.shape, id: line, summary: line, next: z.array(advice).optional() }),
  ),
  /** Of all fields but this one, as canonical JSON. */
  sha256: hash,
});

/** Amounts that can be shown: what a node makes of a token has at most 78 digits. */
function hasAmounts(shown: Effects): boolean {
  if (shown.method === 'none') return true;
  const transfers = shown.steps.flatMap(({ changes }) =>
    changes.flatMap((change) => (change.kind === 'transfer' ? [change.amount] : [])),
  );
  const isAmount = (text: string | null) => text === null || /^-?\d{1,78}$/.test(text);
  if (shown.method !== 'sequence') return transfers.every(isAmount);
  const balances = shown.balances.flatMap(({ before, after }) => [before, after]);
  const capital = shown.capital.flatMap(({ before, after, paidOut, unaccounted }) => [
    ...[...Object.values(before), ...Object.values(after)],
    ...[paidOut, unaccounted],
  ]);
  const decimals = shown.tokens.every((token) => token.decimals === null || isDecimals(token.decimals));
  return decimals && [...transfers, ...balances, ...capital].every(isAmount);
}

/** `uint8` in ERC-20. */
function isDecimals(count: number): boolean {
  return Number.isInteger(count) && count >= 0 && count <= 255;
}

/**
 * The text of a plan file: canonical JSON on one line, with a sum over the rest of it.
 * @param redact takes secrets out
 * @throws TvError where there is one in it: with it the file must not leave tv, and without it nothing fits
 */
export function planFileText(document: PlanDocument, redact: (text: string) => string): string {
  const plain = JSON.stringify({ schema: schemaId, ...document });
  if (redact(plain) !== plain) {
    throw new TvError('approval.file-unusable', 'The plan holds a secret, so it was not written to a file.', {
      exitCode: exitCodes.blocked,
      next: 'find the password or key in the input or in a name, and report where it comes from',
    });
  }
  const body = JSON.parse(plain) as Record<string, Json>;
  return `${canonicalJson({ ...body, sha256: digest(body) })}\n`;
}

/**
 * Writes a plan file for others to read: it holds no secret.
 * @throws TvError where there is such a file; it is never replaced
 */
export function writePlanFile(file: string, text: string): PlanFile {
  // What others could not read is not written.
  const read = parsePlanFile(file, Buffer.from(text));
  createForOthers(file, text);
  return read;
}

/** A new file with all of a text, readable by others as far as the umask has it. @throws TvError */
function createForOthers(file: string, text: string): void {
  let handle: number | undefined;
  try {
    handle = openSync(file, 'wx', 0o644);
    writeWhole(handle, text);
    fsyncSync(handle);
    syncDirectory(dirname(resolve(file)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw fileExists(file);
    if (handle !== undefined) rmSync(file, { force: true });
    throw new WriteError(file, error);
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

export function fileExists(file: string): TvError {
  return new TvError('usage.output-file', 'The file exists already, and was not overwritten.', {
    exitCode: exitCodes.usage,
    facts: { file },
    next: 'give another name',
  });
}

/** @throws TvError with exit code 3 where it cannot be read, is no plan file, or is not as it was written */
export function readPlanFile(file: string): PlanFile {
  const read = readSmallFile(file, largest);
  if ('kind' in read) {
    const { reason } = explainTrouble(read).facts;
    throw new TvError('approval.file-unusable', `The plan file cannot be read: ${reason}.`, {
      exitCode: exitCodes.blocked,
      facts: { file: withoutKeys(file) },
      next: onThisMachine(`ls -ld ${quoteForShell(withoutKeys(file))}`),
    });
  }
  return parsePlanFile(file, read.bytes);
}

function parsePlanFile(file: string, bytes: Buffer): PlanFile {
  const parsed = parseJson(bytes);
  const fault = faultOfTexts(parsed);
  if (fault !== undefined) throw unusable(file, fault, {});
  const format = (parsed as { readonly schema?: unknown } | undefined)?.schema;
  if (format !== schemaId) {
    const given = typeof format === 'string' ? format : undefined;
    throw unusable(file, 'it is not a plan file', { schema: given, expected: schemaId });
  }
  const answer = planFileSchema.safeParse(parsed);
  if (!answer.success) {
    const [issue] = answer.error.issues;
    throw unusable(file, 'a field is malformed', { field: issue?.path.join('.'), reason: issue?.message });
  }
  const { schema: _, sha256, ...document } = answer.data;
  const { sha256: __, ...body } = parsed as Readonly<Record<string, Json>>;
  if (digest(body) !== sha256 || !bytes.equals(Buffer.from(`${canonicalJson(parsed as Json)}\n`))) {
    throw altered(file, 'its sum is not that of its content');
  }
  const { restsOn, plan, runbook, environment } = document;
  const fits =
    digest(restsOn as Json) === document.digest &&
    plan.id === document.digest &&
    restsOn.runbook === runbook &&
    restsOn.environment === environment &&
    (restsOn['outcome'] === undefined ||
      plan.effects === undefined ||
      canonicalJson(restsOn['outcome'] as Json) ===
        canonicalJson(asJson(outcomeOf(plan.effects as Effects)))) &&
    canonicalJson(restsOn.steps as Json) === canonicalJson(digestedSteps(plan.steps as never) as Json);
  if (!fits) throw altered(file, 'its digest is not that of the steps and facts in it');
  return { file, bytes, sha256: sha256Of(bytes), document: document as unknown as PlanDocument };
}

function unusable(
  file: string,
  reason: string,
  facts: Readonly<Record<string, string | undefined>>,
): TvError {
  return new TvError('approval.file-unusable', `The plan file cannot be used: ${reason}.`, {
    exitCode: exitCodes.blocked,
    facts: { file: withoutKeys(file), ...facts },
    next: 'write it anew: the command with --dry-run --out FILE',
  });
}

function altered(file: string, reason: string): TvError {
  return new TvError('approval.altered', `The plan file was altered: ${reason}.`, {
    exitCode: exitCodes.blocked,
    facts: { file },
    next: 'get the file again from whoever wrote it, or write it anew',
  });
}

/** Where the signature of a key is kept: beside the file, by the fingerprint in the letters of file names. */
export function signatureFileOf(file: string, fingerprint: string): string {
  const name = fingerprint
    .replace(/^SHA256:/, '')
    .replaceAll('+', '-')
    .replaceAll('/', '_');
  return `${file}.sig.${name}`;
}

/** The signatures beside a plan file, by name. @throws TvError where the folder cannot be read */
export function readSignatureFiles(file: string): readonly SignatureFile[] {
  const folder = dirname(resolve(file));
  const prefix = `${basename(file)}.sig.`;
  let names: readonly string[];
  try {
    names = readdirSync(folder).filter((name) => name.startsWith(prefix));
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw unusable(file, `the signatures beside it cannot be listed (${reason})`, {});
  }
  return names
    .toSorted()
    .slice(0, mostSignatures)
    .map((name) => {
      const read = readSmallFile(join(folder, name), largestSignature);
      return {
        file: join(folder, name),
        text: 'kind' in read ? undefined : read.bytes.toString('latin1'),
      };
    });
}

/** Why a plan file cannot be used at a time any more, or not yet; undefined where it can. */
export function expiryOf(
  { createdAt, expiresAt }: Pick<PlanDocument, 'createdAt' | 'expiresAt'>,
  now: Date,
  /** Of the settings of whoever asks: what a file grants itself does not count for more. */
  expiryMs: number,
): { readonly expiresAt: Date; readonly problem: 'expired' | 'future' | undefined } {
  const created = Date.parse(createdAt);
  const end = Math.min(Date.parse(expiresAt), created + expiryMs);
  const early = created - now.getTime() > clockSkewMs;
  const problem = early ? 'future' : now.getTime() > end ? 'expired' : undefined;
  return { expiresAt: new Date(end), problem };
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Of a document, levels within levels: what comes after walks it by recursion. */
const deepest = 64;

/** What makes a document unfit to be walked and shown; undefined where it is fit. */
function faultOfTexts(document: unknown): string | undefined {
  const ahead: (readonly [value: unknown, depth: number])[] = [[document, 0]];
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    const [value, depth] = next;
    // Shell lines may have line breaks and tabs, which are shown as spaces.
    if (typeof value === 'string' && !isPrintable(value.replace(/[\n\t]/g, ' ')))
      return 'it holds characters that control a terminal';
    if (typeof value !== 'object' || value === null) continue;
    if (depth === deepest) return 'it is nested too deeply';
    for (const [key, each] of Object.entries(value)) ahead.push([key, depth], [each, depth + 1]);
  }
  return undefined;
}

export function sha256Of(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}
