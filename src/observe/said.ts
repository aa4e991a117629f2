import type { Finding } from './findings.ts';
import { type Level, worstLevel } from './level.ts';
import { unreadable } from './rules.ts';
import type { Source } from './sourceReader.ts';
import { type SourceId, sourceIds, sources, type World } from './world.ts';

/** What one source has said, as a line of a screen. */
export interface Said {
  readonly id: SourceId;
  readonly title: string;
  readonly known: boolean;
  /** The worst that was found about it. */
  readonly level: Level;
  /** What was read, or why nothing was. */
  readonly text: string;
}

/** What every source has said that there is something to show of, in the order of screens. */
export function saidBy(world: World, findings: readonly Finding[], now: Date): readonly Said[] {
  return sourceIds.flatMap((id) => {
    const reading = world[id];
    if (reading === undefined || unreadable[id].quiet === true) return [];
    const source = sources[id] as Source<unknown>;
    const text = reading.known ? source.describe(reading.value, now) : reading.reason;
    const levels = findings.filter((finding) => finding.source === id).map(({ level }) => level);
    return text === undefined
      ? []
      : [{ id, title: source.title, known: reading.known, level: worstLevel(levels), text }];
  });
}
