import * as z from 'zod';
import { defineReport, field } from '../src/runbook/define.ts';
import bash from './completion.bash';
import fish from './completion.fish';
import zsh from './completion.zsh';

const scripts = { bash, zsh, fish };

/** `tv completion bash` prints a script, which calls `tv __complete` at each key press. */
export default defineReport({
  title: 'Tab completion',
  summary: 'Print tab completion for bash, zsh or fish',
  order: 4,
  settings: 'none',
  description:
    'Prints a script that completes commands, flags, environments, pairs, runs and backups. For bash: `source <(tv completion bash)`.',
  examples: [
    { what: 'In bash, for all users', line: 'tv completion bash > /etc/bash_completion.d/tv' },
    { what: 'In fish, for this user', line: 'tv completion fish > ~/.config/fish/completions/tv.fish' },
  ],
  input: { shell: field('<shell>', 'bash, zsh or fish', z.enum(['bash', 'zsh', 'fish'])) },
  collect: async (_, { shell }) => ({ shell, script: scripts[shell] }),
  render: ({ script }) => script,
});
