import { createHash } from 'node:crypto';
import * as z from 'zod';

/** `ranges`: large tables as COPY's text in ranges of rows, beside an archive of all else; see dumpRanges.sh. */
export type BackupForm = 'directory' | 'ranges' | 'custom' | 'sql' | 'sql.gz';
export type Compression = 'zstd' | 'gzip';

/** Whether a backup is a folder, with manifest and marks in it; else it is a file, and they are beside it. */
export function isFolder(form: BackupForm): form is 'directory' | 'ranges' {
  return form === 'directory' || form === 'ranges';
}

/** The folder of pg_dump's archive in a backup of tv. */
export const archiveFolder = { directory: 'data', ranges: 'without-large-tables' } as const;

/** What psql or pg_restore reads of a backup of tv. */
export function archiveOf(path: string, form: BackupForm): string {
  return isFolder(form) ? `${path}/${archiveFolder[form]}` : path;
}

const fileShape = z.object({
  /** Below the backup's folder; for a backup of a single file, its name. */
  path: z.string(),
  bytes: z.number().int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

/** `DatabaseProperties`, for the day on which there is no database to read them from. */
const propertiesShape = z.object({
  name: z.string(),
  owner: z.string(),
  encoding: z.string(),
  collate: z.string(),
  ctype: z.string(),
  provider: z.string().nullable(),
  icuLocale: z.string().nullable(),
  tablespace: z.string(),
  connectionLimit: z.number().int(),
  comment: z.string().nullable(),
  settings: z
    .array(z.object({ role: z.string().nullable(), name: z.string(), value: z.string() }))
    .readonly(),
  grants: z
    .array(z.object({ grantee: z.string().nullable(), privilege: z.string(), grantable: z.boolean() }))
    .readonly()
    .nullable(),
});

const manifestShape = z.object({
  schema: z.literal('tv.backup/1'),
  form: z.enum(['directory', 'ranges', 'sql.gz']),
  /** Not in the manifests of the first releases. */
  compression: z.enum(['zstd', 'gzip']).optional(),
  /** When the snapshot was taken: ISO 8601, UTC. A backup's age is counted from here. */
  createdAt: z.iso.datetime(),
  seconds: z.number().nonnegative(),
  tv: z.string(),
  database: z.object({
    name: z.string(),
    /** Of the cluster; null where the role might not see it. */
    systemIdentifier: z.string().nullable(),
    bytes: z.number().int().nonnegative(),
    /** Not in the manifests of the first releases. */
    properties: propertiesShape.optional(),
  }),
  server: z.object({ version: z.string(), major: z.number().int() }),
  tool: z.string(),
  /** Where the indexer was, in the same snapshot; null in a database without a cursor. */
  cursorBlock: z.number().int().nullable(),
  /** By `schema.table`, counted in the same snapshot. */
  rows: z.record(z.string(), z.number().int().nonnegative()),
  files: z.array(fileShape),
});

/** What a backup holds, as counted and measured when it was made. */
export type BackupManifest = z.infer<typeof manifestShape>;
export type BackupFile = z.infer<typeof fileShape>;

/** The manifest's text, with a digest of itself in it. */
export function writeManifest(manifest: BackupManifest): string {
  // Parsing brings the keys into the shape's order, whatever order they came in.
  const digest = digestOf(manifestShape.parse(manifest));
  return `${JSON.stringify({ ...manifest, digest }, null, 2)}\n`;
}

/** @returns the manifest, or what is wrong with it, in words */
export function readManifest(
  text: string,
): { readonly manifest: BackupManifest } | { readonly problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: 'its manifest is not JSON' };
  }
  const parsed = manifestShape.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return { problem: `its manifest is not one of tv: ${issue?.path.join('.')}: ${issue?.message}` };
  }
  const { digest } = value as { readonly digest?: unknown };
  return digest === digestOf(parsed.data)
    ? { manifest: parsed.data }
    : { problem: 'its manifest was changed after it was written' };
}

/** @param manifest as the shape's parser gives it: the digest is over its keys in that order */
function digestOf(manifest: BackupManifest): string {
  return createHash('sha256').update(JSON.stringify(manifest)).digest('hex');
}
