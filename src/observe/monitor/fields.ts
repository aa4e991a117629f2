import * as z from 'zod';
import { field } from '../../runbook/define.ts';
import { timeSpan } from '../../runbook/inputs.ts';

/** Flags of `tv monitor` that other commands have as well. */

export const plugin = field(
  '--plugin',
  'one line with performance data, for a monitoring system',
  z.boolean().optional(),
);

export const every = field(
  '--every <time>',
  'time between two checks (default: 15s)',
  timeSpan.default(15_000),
);

export const notify = field(
  '--notify <command>',
  'run this at each change of state, with the change as JSON on its standard input',
  z.string().optional(),
);

export const webhookFile = field(
  '--webhook-file <file>',
  'as --webhook, with the URL in a file that only its owner may read',
  z.string().optional(),
);

export const textfile = field(
  '--textfile <file>',
  "write the metrics to this file (*.prom) at each check, for node_exporter's textfile collector",
  z.string().endsWith('.prom', 'node_exporter reads files that end in .prom').optional(),
);

export const runbookUrl = field(
  '--runbook-url <url>',
  'where `tv runbook export` was published, for links (default: RUNBOOK.md)',
  z.string().default('RUNBOOK.md'),
);
