import * as z from 'zod';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import { deployment, generation, machine, network, ports, schemaForm } from '../../src/sandbox/schemas.ts';
import type command from './status.ts';

const sandboxInfo = z.object({
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

export default schemaFor<DataOf<typeof command>>()(
  z.object({
    dir: z.string(),
    condition: z.enum(['up', 'down', 'broken']),
    sandbox: sandboxInfo.optional(),
    units: z.array(z.object({ unit: z.string(), active: z.string(), pid: z.number() })),
    faults: z.array(z.string()),
  }),
);
