import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Address, Settings } from '../../config/settings.ts';
import { TvError } from '../../errors/TvError.ts';
import { isAbsent, replaceFile } from '../../output/durableFile.ts';
import { ago } from '../../text/format.ts';
import { sameAddress } from '../sameAddress.ts';

/** RUNBOOK.md, section 4: the old key is revoked a day after it was replaced. In milliseconds. */
const revokeAfterMs = 24 * 3_600_000;

const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/);
const schema = z.array(
  z.object({
    environment: z.string(),
    old: address,
    replacedBy: address,
    /** ISO 8601. */
    replacedAt: z.iso.datetime(),
    run: z.string(),
  }),
);

/** An oracle address that was replaced and not revoked yet. No secret. */
export interface OldKey {
  readonly old: Address;
  readonly replacedBy: Address;
  readonly replacedAt: string;
  readonly run: string;
}

type Place = Pick<Settings, 'stateDirectory' | 'environment'>;

/** Those of this environment, oldest first. @throws TvError where the file is damaged */
export function readOldKeys(place: Place): readonly OldKey[] {
  return readAll(place)
    .filter(({ environment }) => environment === place.environment)
    .map((entry) => ({ ...entry, old: entry.old as Address, replacedBy: entry.replacedBy as Address }));
}

/** Written down once, however often it is called. */
export function rememberOldKey(place: Place, key: OldKey): void {
  const others = readAll(place).filter((entry) => !isSame(place, entry, key.old));
  write(place, [...others, { environment: place.environment, ...key }]);
}

export function forgetOldKey(place: Place, old: Address): void {
  if (!existsSync(fileOf(place))) return;
  write(
    place,
    readAll(place).filter((entry) => !isSame(place, entry, old)),
  );
}

export function dueAt({ replacedAt }: Pick<OldKey, 'replacedAt'>): Date {
  return new Date(Date.parse(replacedAt) + revokeAfterMs);
}

/** `old oracle key 0x… still valid, due in 3 h`. */
export function oldKeyWords(key: OldKey, now: Date): string {
  const due = dueAt(key);
  return `old oracle key ${key.old} still valid, ${due <= now ? 'was due' : 'due'} ${ago(due, now)}`;
}

function isSame(place: Place, entry: { environment: string; old: string }, old: string): boolean {
  return entry.environment === place.environment && sameAddress(entry.old, old);
}

function fileOf({ stateDirectory }: Place): string {
  return join(stateDirectory, 'oracle', 'old-keys.json');
}

function readAll(place: Place): z.output<typeof schema> {
  const file = fileOf(place);
  try {
    if (isAbsent(file)) return [];
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    throw new TvError('oracle.old-keys-unreadable', 'The list of replaced oracle keys cannot be read.', {
      facts: { file },
      next: [{ when: 'see who holds the role', tv: ['oracle', 'status'] }],
    });
  }
}

function write(place: Place, entries: z.output<typeof schema>): void {
  replaceFile(fileOf(place), `${JSON.stringify(entries, null, 2)}\n`);
}
