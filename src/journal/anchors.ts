import { join } from 'node:path';
import { explainTrouble, readTrustedFile } from '../config/trustedFile.ts';
import { TvError } from '../errors/TvError.ts';
import type { AuditEntry } from '../runbook/audit.ts';

/** The head of the audit log at a time, as it was written somewhere else. */
export interface Anchor {
  readonly schema: 'tv.anchor/1';
  /** ISO 8601. */
  readonly at: string;
  readonly host: string;
  /** Of the last entry. */
  readonly seq: number;
  readonly hash: string;
}

/** In bytes: some 500 000 anchors. */
const largest = 64 * 2 ** 20;

/** In the state directory, beside the log. */
export function anchorsFile(stateDirectory: string): string {
  return join(stateDirectory, 'audit-anchors.jsonl');
}

/**
 * The anchors of a file, one a line, and the lines that are none.
 * @param ifMissing what it means that there is no such file
 * @throws TvError where it cannot be read
 */
export function readAnchors(
  file: string,
  ifMissing: 'none' | 'error',
): { readonly anchors: readonly Anchor[]; readonly unreadable: number } {
  const answer = readTrustedFile(file, largest);
  if ('kind' in answer) {
    if (answer.kind === 'missing' && ifMissing === 'none') return { anchors: [], unreadable: 0 };
    const { facts, next = { tv: ['audit', 'verify'] } } = explainTrouble(answer);
    throw new TvError('audit.unusable', 'The anchors of the audit log cannot be read.', {
      facts: { file, ...facts },
      next,
    });
  }
  const lines = answer.bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const anchors = lines.flatMap((line) => parseAnchor(line) ?? []);
  return { anchors, unreadable: lines.length - anchors.length };
}

/** Where the entries of a log are not those that anchors name: one sentence an anchor. */
export function compareAnchors(
  anchors: readonly Anchor[],
  entries: readonly Pick<AuditEntry, 'seq' | 'hash'>[],
): readonly string[] {
  const hashes = new Map(entries.map(({ seq, hash }) => [seq, hash]));
  return anchors.flatMap(({ seq, hash, at }) => {
    const found = hashes.get(seq);
    if (found === hash) return [];
    const what = found === undefined ? 'is missing' : 'is another one';
    return [`entry ${seq}, which was anchored at ${at}, ${what}: the log was cut off or written anew`];
  });
}

function parseAnchor(line: string): Anchor | undefined {
  try {
    const { schema, at, host, seq, hash } = JSON.parse(line) as Readonly<Record<string, unknown>>;
    const isAnchor =
      schema === 'tv.anchor/1' &&
      typeof at === 'string' &&
      !Number.isNaN(Date.parse(at)) &&
      typeof host === 'string' &&
      Number.isSafeInteger(seq) &&
      /^[0-9a-f]{64}$/.test(String(hash));
    if (!isAnchor) return undefined;
    return { schema, at: new Date(at).toISOString(), host, seq: Number(seq), hash: String(hash) };
  } catch {
    return undefined;
  }
}
