import type { ReindexFacts } from './facts.ts';

/** The imagined case that the exported document shows. */
export const exampleFacts: ReindexFacts = {
  fromBlock: 12_345_678,
  truncate: false,
  wait: true,
  timeoutMs: 86_400_000,
  indexer: { unit: 'tempovault-indexer', program: 'event_indexer', wasActive: true, pollSeconds: 12 },
  chain: { id: 4217, head: 15_204_118, contracts: [] },
  database: {
    name: 'tempovault',
    identity: '',
    schema: {
      form: 'raw-and-kinds',
      tables: [],
      raw: null,
      cursor: {
        name: 'indexer_state',
        schema: 'public',
        blockColumn: 'last_indexed_block',
        timeColumn: null,
        keyColumn: 'id',
      },
      missing: ['rebalances'],
      others: [],
      dependents: [],
      fingerprint: '',
    },
    cursor: 15_204_110,
    clear: 1_204_332,
    keep: 88_210,
    kinds: [],
    unpaired: [],
    kindsUpTo: 15_204_110,
    surplus: {},
  },
  env: { file: '/home/tempovault/tempovault/.env', before: '0', after: '12345677' },
  backup: { directory: '/backup' },
};
