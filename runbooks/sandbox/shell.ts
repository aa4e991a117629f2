import * as z from 'zod';
import { defineAction, field } from '../../src/runbook/define.ts';
import { sandboxShell } from '../../src/sandbox/shell.ts';

/** `tv sandbox shell [-- command]`. */
export default defineAction({
  title: 'Sandbox shell',
  summary: 'Open a shell whose tools use the sandbox',
  order: 3,
  risk: 'sandbox',
  settings: 'none',
  description:
    'Opens your shell with systemctl, journalctl, psql and tv all speaking to the sandbox. With a command after -- it runs that instead, and ends with its exit code.',
  examples: [
    { what: 'tv, systemctl, psql and cast speak to the sandbox', line: 'tv sandbox shell' },
    { what: 'One command in it', line: 'tv sandbox shell tv status' },
  ],
  input: {
    name: field('--name <name>', 'which sandbox (default sandbox)', z.string().optional()),
    dir: field('--dir <directory>', 'where it lives, if not in the state directory', z.string().optional()),
    command: field('[command...]', 'run this instead of a shell', z.array(z.string()).default([])),
  },
  run: async (_ctx, { command, ...place }) => ({ exitCode: await sandboxShell(place, command) }),
  render: () => '',
  exitCode: ({ exitCode }) => exitCode,
});
