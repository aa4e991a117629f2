import * as z from 'zod';
import type { Host } from '../../runbook/context.ts';
import { type BackupForm, isFolder } from './manifest.ts';
import writeWhole from './writeWhole.sh';

const marksShape = z.object({
  verified: z
    .object({
      at: z.iso.datetime(),
      /** `read`: every byte was read and compared; `restored`: it was restored, and its rows were counted. */
      how: z.enum(['read', 'restored']),
      /** Empty where all was well. */
      problems: z.array(z.string()),
    })
    .nullable(),
  pinned: z.object({ at: z.iso.datetime(), by: z.string(), reason: z.string() }).nullable(),
  /** Of the last attempt to copy it off the host, or to check that copy; absent where there was none. */
  copied: z
    .object({
      /** When it was copied; null where tv has only checked a copy of another program's making. */
      at: z.iso.datetime().nullable(),
      checkedAt: z.iso.datetime(),
      /**
       * `exit-code`: only the program says so; `size`, `sum`: of every file, as the check listed them; `read`,
       * `restored`: it was brought back, and read or restored.
       */
      how: z.enum(['exit-code', 'size', 'sum', 'read', 'restored']),
      /** Empty where all was well. */
      problems: z.array(z.string()),
    })
    .optional(),
});

/** What was found out and decided about a backup after it was made; beside the manifest, which never changes. */
export type BackupMarks = z.infer<typeof marksShape>;

const noMarks: BackupMarks = { verified: null, pinned: null };

/** Marks that cannot be read count as a pin: nothing that an operator may have pinned is removed. */
const unreadableMarks: BackupMarks = {
  verified: null,
  pinned: { at: new Date(0).toISOString(), by: 'tv', reason: 'its marks cannot be read' },
};

/** Whether there are marks that cannot be read: whether it was verified is unknown then. */
export function areUnreadable(marks: BackupMarks): boolean {
  return marks === unreadableMarks;
}

export function readMarks(text: string | undefined): BackupMarks {
  if (text === undefined) return noMarks;
  try {
    const parsed = marksShape.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : unreadableMarks;
  } catch {
    return unreadableMarks;
  }
}

/** What is needed of a backup to find its marks. */
interface MarkedBackup {
  readonly path: string;
  readonly form: BackupForm;
}

/** Path of a backup's marks. */
function marksFile({ path, form }: MarkedBackup): string {
  return isFolder(form) ? `${path}/marks.json` : `${path}.marks.json`;
}

export interface WriteMarksParameters {
  readonly run: Host['run'];
  readonly backup: MarkedBackup;
  readonly marks: BackupMarks;
}

/** Replaces a backup's marks as a whole; a reader sees the old or the new ones. @returns false where it could not */
export async function writeMarks({ run, backup, marks }: WriteMarksParameters): Promise<boolean> {
  const file = marksFile(backup);
  const input = `${JSON.stringify(marks)}\n`;
  const words = ['sh', '-c', writeWhole, 'tv', file, String(Buffer.byteLength(input))];
  const { exitCode } = await run(words, { input });
  return exitCode === 0;
}
