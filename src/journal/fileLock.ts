import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Advice } from '../errors/advice.ts';
import { exitCodes, TvError } from '../errors/TvError.ts';
import { WriteError } from '../output/durableFile.ts';
import type { Clock } from '../runbook/context.ts';
import type { LockHolder, Operator } from '../runbook/events.ts';
import { monotonic } from '../runbook/monotonic.ts';
import { isRunning } from './operator.ts';

export type LockAnswer =
  | {
      readonly held: true;
      release(): void | Promise<void>;
      /** @throws TvError where the lock is no longer ours, or that is unknown */
      assertHeld?(): void | Promise<void>;
    }
  | { readonly held: false; readonly by: LockHolder };

/** Of the lock that the database keeps: `null` where it is unknown whether another run holds it. */
export type RemoteLockAnswer =
  | LockAnswer
  | { readonly held: null; readonly reason: string; readonly next: readonly Advice[] };

interface Claim extends LockHolder {
  readonly released?: boolean;
}

type CurrentClaim =
  | { readonly number: number; readonly alive: true; readonly claim: Claim }
  | { readonly number: number; readonly alive: false };

/**
 * Takes a lock on this machine. A lock whose process died is taken over at once.
 *
 * A lock is a row of numbered claims in a directory, and the highest one counts. A new claim is
 * made with link(2), which fails if that number exists, so of two who find the same dead holder
 * only one gets the next number. A claim is never removed while it is the highest: that would
 * let a number be used twice.
 * @throws WriteError where the directory cannot be written
 */
export function acquireFileLock(directory: string, holder: LockHolder): LockAnswer {
  const draft = writeDraft(directory, holder);
  try {
    for (;;) {
      const current = highestClaim(directory);
      if (current?.alive) return { held: false, by: current.claim };
      const mine = (current?.number ?? 0) + 1;
      if (!linkIfAbsent(draft, claimFile(directory, mine))) continue;
      // Another process may have claimed and released it between our check and our claim.
      if (highestClaim(directory)?.number !== mine) {
        rmSync(claimFile(directory, mine), { force: true });
        continue;
      }
      removeBelow(directory, mine);
      return {
        held: true,
        release: () => release(directory, mine, holder),
        assertHeld: () => assertHeld(directory, mine, holder),
      };
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

/** How long is waited between two attempts, in milliseconds. */
const againMs = 20;

/**
 * Waits for a lock that others hold for moments only.
 * @param parameters.limitMs how long; a holder that has died is not waited for
 * @returns what releases it; undefined where it was held all the time
 * @throws WriteError where the directory cannot be written
 */
export async function awaitFileLock(
  directory: string,
  {
    operator,
    what,
    clock,
    limitMs,
  }: {
    readonly operator: Operator;
    readonly what: string;
    readonly clock: Clock;
    readonly limitMs: number;
  },
): Promise<(() => void | Promise<void>) | undefined> {
  const began = monotonic(clock);
  const since = clock.now().toISOString();
  // Others may get in between again and again, and on a slow disk each of them takes its time.
  while (monotonic(clock) - began < limitMs) {
    const answer = acquireFileLock(directory, { operator, what, since });
    if (answer.held) return answer.release;
    await clock.sleep(againMs);
  }
  return undefined;
}

/** Who holds the lock now; undefined where it is free. */
export function fileLockHolder(directory: string): LockHolder | undefined {
  if (!existsSync(directory)) return undefined;
  const current = highestClaim(directory);
  return current?.alive ? current.claim : undefined;
}

function release(directory: string, mine: number, holder: LockHolder): void {
  try {
    // Renamed into place: a reader sees the claim held or released, never half of it.
    renameSync(writeDraft(directory, { ...holder, released: true }), claimFile(directory, mine));
  } catch {
    // On a full disk it ends with this process, which is about to end.
  }
}

/**
 * Releases the lock where this operator holds it, whose process a person has said to have ended.
 * @throws WriteError where the directory cannot be written
 */
export function releaseLockOf(directory: string, { host, pid, mark }: Operator): void {
  const current = highestClaim(directory);
  if (!current?.alive) return;
  const { operator } = current.claim;
  if (operator.host !== host || operator.pid !== pid || operator.mark !== mark) return;
  const released: Claim = { ...current.claim, released: true };
  renameSync(writeDraft(directory, released), claimFile(directory, current.number));
}

function assertHeld(directory: string, mine: number, holder: LockHolder): void {
  const current = highestClaim(directory);
  const pid = current?.alive === true ? current.claim.operator.pid : undefined;
  if (current?.number === mine && pid === holder.operator.pid) return;
  throw new TvError('lock.lost', 'The lock on this machine is gone.', {
    exitCode: current?.alive === true ? exitCodes.locked : exitCodes.interrupted,
    facts: { lock: claimFile(directory, mine), 'held by': current?.alive ? current.claim.what : 'no run' },
    next: [{ tv: ['runs', 'list'] }],
  });
}

function writeDraft(directory: string, claim: Claim): string {
  const draft = join(directory, `draft-${process.pid}-${process.hrtime.bigint()}`);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    // Not synced: a lock does not outlive the machine's crash anyway.
    writeFileSync(draft, JSON.stringify(claim), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    rmSync(draft, { force: true });
    throw new WriteError(draft, error);
  }
  return draft;
}

function claimFile(directory: string, number: number): string {
  return join(directory, `claim-${number}`);
}

function claimNumbers(directory: string): readonly number[] {
  return readdirSync(directory)
    .flatMap((name) => (name.startsWith('claim-') ? [Number(name.slice('claim-'.length))] : []))
    .sort((a, b) => b - a);
}

function highestClaim(directory: string): CurrentClaim | undefined {
  for (const number of claimNumbers(directory)) {
    try {
      const claim = parseClaim(readFileSync(claimFile(directory, number), 'utf8'));
      const alive = claim !== undefined && claim.released !== true && isRunning(claim.operator);
      return alive ? { number, alive, claim } : { number, alive };
    } catch (error) {
      // Removed by a later holder after it was listed: read the highest again.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return highestClaim(directory);
      throw error;
    }
  }
  return undefined;
}

/** Undefined for a claim that a crash of the machine has emptied: whoever held it went down with it. */
function parseClaim(text: string): Claim | undefined {
  try {
    return JSON.parse(text) as Claim;
  } catch {
    return undefined;
  }
}

function linkIfAbsent(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new WriteError(to, error);
  }
}

function removeBelow(directory: string, number: number): void {
  for (const other of claimNumbers(directory)) {
    if (other < number) rmSync(claimFile(directory, other), { force: true });
  }
}
