import * as z from 'zod';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import type command from './backups.ts';

const backup = z.object({
  name: z.string(),
  path: z.string(),
  form: z.enum(['directory', 'ranges', 'custom', 'sql', 'sql.gz']),
  archive: z.string(),
  bytes: z.number(),
  createdAt: z.string(),
  manifest: z
    .object({
      schema: z.literal('tv.backup/1'),
      form: z.enum(['directory', 'ranges', 'sql.gz']),
      compression: z.enum(['zstd', 'gzip']).optional(),
      createdAt: z.string(),
      seconds: z.number(),
      tv: z.string(),
      database: z.object({
        name: z.string(),
        systemIdentifier: z.string().nullable(),
        bytes: z.number(),
        properties: z
          .object({
            name: z.string(),
            owner: z.string(),
            encoding: z.string(),
            collate: z.string(),
            ctype: z.string(),
            provider: z.string().nullable(),
            icuLocale: z.string().nullable(),
            tablespace: z.string(),
            connectionLimit: z.number(),
            comment: z.string().nullable(),
            settings: z.array(z.object({ role: z.string().nullable(), name: z.string(), value: z.string() })),
            grants: z
              .array(
                z.object({ grantee: z.string().nullable(), privilege: z.string(), grantable: z.boolean() }),
              )
              .nullable(),
          })
          .optional(),
      }),
      server: z.object({ version: z.string(), major: z.number() }),
      tool: z.string(),
      cursorBlock: z.number().nullable(),
      rows: z.record(z.string(), z.number()),
      files: z.array(z.object({ path: z.string(), bytes: z.number(), sha256: z.string() })),
    })
    .nullable(),
  marks: z.object({
    verified: z
      .object({ at: z.string(), how: z.enum(['read', 'restored']), problems: z.array(z.string()) })
      .nullable(),
    pinned: z.object({ at: z.string(), by: z.string(), reason: z.string() }).nullable(),
    copied: z
      .object({
        at: z.string().nullable(),
        checkedAt: z.string(),
        how: z.enum(['exit-code', 'size', 'sum', 'read', 'restored']),
        problems: z.array(z.string()),
      })
      .optional(),
  }),
  problems: z.array(z.string()),
});

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    old: z
      .array(z.object({ name: z.string(), oid: z.number(), bytes: z.number().nullable(), at: z.string() }))
      .nullable(),
    directory: z.string(),
    backups: z.array(backup),
    leftovers: z.array(z.object({ path: z.string(), changedAt: z.string() })),
    unusable: z.array(z.string()),
    unreadable: z.array(z.object({ name: z.string(), changedAt: z.string() })),
    unsupported: z.array(z.string()),
    copiedBy: z.string().optional(),
  }),
);
