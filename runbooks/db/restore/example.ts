import type { RestoreFacts } from './facts.ts';

/** The imagined case that the exported document shows. */
export const exampleFacts: RestoreFacts = {
  mode: 'swap',
  backup: {
    path: '/backup/tempovault_20261123-020000-7f3a',
    name: 'tempovault_20261123-020000-7f3a',
    form: 'directory',
    archive: '/backup/tempovault_20261123-020000-7f3a/data',
    createdAt: '2026-11-23T02:00:00.000Z',
    cursorBlock: 15_204_110,
    rows: {},
    expectedBytes: 9_663_676_416,
  },
  back: null,
  database: {
    name: 'tempovault',
    oid: 0,
    maintenance: {
      properties: {
        name: 'tempovault',
        owner: 'tempovault',
        encoding: 'UTF8',
        collate: 'C.UTF-8',
        ctype: 'C.UTF-8',
        provider: 'c',
        icuLocale: null,
        tablespace: 'pg_default',
        connectionLimit: -1,
        comment: null,
        settings: [],
        grants: null,
      },
      user: 'postgres',
      dataDirectory: null,
    },
  },
  services: [
    { unit: 'tempovault-api', wasActive: true },
    { unit: 'tempovault-indexer', wasActive: true },
    { unit: 'tempovault-oracle', wasActive: true },
  ],
  leftovers: [],
  endSessions: false,
  server: { major: 15 },
  tools: { major: 15, version: '', cores: 4, memoryBytes: 17_179_869_184 },
};
