import * as z from 'zod';
import { defineAction, field } from '../../src/runbook/define.ts';
import { sandboxDirectory } from '../../src/sandbox/paths.ts';
import { sandboxInfo } from '../../src/sandbox/status.ts';
import { sandboxUp } from '../../src/sandbox/up.ts';
import { aligned } from '../../src/text/layout.ts';
import { quoteForShell } from '../../src/text/shellLine.ts';

/** `tv sandbox up`: a complete throw-away TempoVault. */
export default defineAction({
  title: 'Sandbox up',
  summary: 'Start a complete throw-away TempoVault',
  order: 1,
  risk: 'sandbox',
  settings: 'none',
  description:
    "Makes a complete TempoVault to practise on: a real chain with some thousand events of history, a real PostgreSQL, TempoVault's services as systemd units, and tv's configuration for all of it. Nothing outside of its directory is touched. It needs root, on Linux with systemd and cgroup2.",
  examples: [
    { what: 'A complete TempoVault on this machine', line: 'tv sandbox up' },
    {
      what: 'One of its own name, on a chain with a native gas token',
      line: 'tv sandbox up --name plain --network plain',
    },
  ],
  input: {
    name: field(
      '--name <name>',
      'name of the sandbox and of its environment (default sandbox)',
      z
        .string()
        .regex(/^[a-z0-9][a-z0-9-]{0,30}$/, 'use lower-case letters, digits and dashes')
        .optional(),
    ),
    dir: field(
      '--dir <directory>',
      'where it lives (default: in the state directory)',
      z.string().optional(),
    ),
    network: field(
      '--network <network>',
      'tempo, or plain: a chain with a native gas token (default tempo)',
      z.enum(['tempo', 'plain']).optional(),
    ),
    contracts: field(
      '--contracts <build>',
      'full or compact, the two builds that are deployed, or runbook: as RUNBOOK.md describes them (default full)',
      z.enum(['full', 'compact', 'runbook']).optional(),
    ),
    schema: field(
      '--schema <form>',
      'deployed, or runbook: the database as RUNBOOK.md describes it (default deployed)',
      z.enum(['deployed', 'runbook']).optional(),
    ),
    indexer: field(
      '--indexer <form>',
      'complete, or lossy: as deployed, cannot store some kinds of events (default complete)',
      z.enum(['complete', 'lossy']).optional(),
    ),
    password: field(
      '--password <password>',
      'of the database: generated, or shipped: tempovault, as in the .env.example (default generated)',
      z.enum(['generated', 'shipped']).optional(),
    ),
  },
  run: async ({ tell, signal }, input) => {
    const { already, ...state } = await sandboxUp(input, tell, signal);
    return { already, ...sandboxInfo(state) };
  },
  render: ({ already, name, dir, seconds, ports, files }, paint) => {
    const head = already
      ? `${paint.ok('✔')} Sandbox ${paint.bold(name)} is up already.`
      : `${paint.ok('✔')} Sandbox ${paint.bold(name)} is up, after ${seconds} s.`;
    const facts = aligned(
      [
        ['directory', dir],
        ['units', 'on a systemd of its own'],
        ['rpc', `http://127.0.0.1:${ports.rpc}`],
        ['api', `http://127.0.0.1:${ports.api}`],
        ['database', `127.0.0.1:${ports.database}, user and database tempovault`],
        ['config', files.config],
      ],
      paint.width,
    );
    // By its name tv finds only what is in the state directory.
    const elsewhere = dir !== sandboxDirectory({ name, dir: undefined });
    const config = elsewhere ? ` --config ${quoteForShell(files.config)}` : '';
    const flags = elsewhere ? ` --dir ${quoteForShell(dir)}` : name === 'sandbox' ? '' : ` --name ${name}`;
    return `${head}\n${facts}\n\nNext: tv -e ${name}${config} status\n      tv sandbox shell${flags}\n      tv sandbox down${flags}\n`;
  },
});
