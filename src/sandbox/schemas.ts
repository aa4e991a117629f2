import * as z from 'zod';
import { hex } from '../runbook/schemas.ts';

const network = z.enum(['tempo', 'plain']);

const generation = z.enum(['full', 'compact', 'runbook']);

const schemaForm = z.enum(['deployed', 'runbook']);

const machine = z
  .object({
    kind: z.literal('systemd'),
    init: z.object({ pid: z.number(), start: z.string() }),
    prefix: z.array(z.string()),
  })
  .meta({ id: 'machine' });

const ports = z
  .object({ chain: z.number(), rpc: z.number(), database: z.number(), api: z.number() })
  .meta({ id: 'ports' });

const devAccount = z.object({ index: z.number(), address: hex }).meta({ id: 'devAccount' });

const deployment = z
  .object({
    chainId: z.number(),
    network,
    generation,
    addresses: z.object({ governanceRoles: hex, riskController: hex, treasuryVault: hex, dexStrategy: hex }),
    dex: hex,
    batch: hex,
    tokens: z.array(z.object({ symbol: z.string(), address: hex, decimals: z.number() })),
    pairs: z.array(z.object({ id: hex, tokenA: hex, tokenB: hex })),
    accounts: z.object({
      oracle: devAccount,
      treasuryManager: devAccount,
      admin: devAccount,
      emergency: devAccount,
      riskOfficer: devAccount,
      owner: devAccount,
      strategist: devAccount,
      oldOracle: devAccount,
    }),
    feeToken: hex.optional(),
    block: z.number(),
  })
  .meta({ id: 'deployment' });

/** What a sandbox is made of, and where. */
export const sandboxInfo = z.object({
  files: z.object({ config: z.string(), envFile: z.string(), backups: z.string(), passwords: z.string() }),
  accounts: z.record(z.string(), z.string()),
  name: z.string(),
  dir: z.string(),
  network,
  contracts: generation,
  databaseSchema: schemaForm,
  machine,
  ports,
  deployment,
  seconds: z.number(),
});
