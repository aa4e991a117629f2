import * as z from 'zod';
import { defineAction, field } from '../../src/runbook/define.ts';
import { sandboxDown } from '../../src/sandbox/down.ts';

/** `tv sandbox down`: no process, mount, control group or file is left. */
export default defineAction({
  title: 'Sandbox down',
  summary: 'Remove the sandbox without a trace',
  order: 5,
  risk: 'sandbox',
  settings: 'none',
  description:
    'Takes a sandbox away with all its processes, mounts and files. Also works where it is half up, or where its makers were killed.',
  examples: [{ what: 'Remove it without a trace', line: 'tv sandbox down' }],
  input: {
    name: field('--name <name>', 'which sandbox (default sandbox)', z.string().optional()),
    dir: field('--dir <directory>', 'where it lives, if not in the state directory', z.string().optional()),
  },
  run: (_ctx, input) => sandboxDown(input),
  render: ({ found, dir, processes }, paint) =>
    found
      ? `${paint.ok('✔')} The sandbox is gone: ${processes} processes ended, ${dir} removed.\n`
      : `${paint.ok('✔')} There was no sandbox in ${dir}; nothing to do.\n`,
});
