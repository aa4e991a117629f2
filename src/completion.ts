import { type CompletionSources, complete } from './cli/complete.ts';
import type { Vocabulary } from './cli/words.ts';
import { keyNames } from './config/keys.ts';
import { resolveSettings } from './config/resolveSettings.ts';
import { listBackups } from './database/backup/listBackups.ts';
import { connectHost } from './host/connectHost.ts';
import { RunStore } from './journal/journal.ts';
import type { CommandDefinition } from './runbook/define.ts';

/** How long a key press waits for a host, which may be behind SSH. Milliseconds. */
const hostLimitMs = 2_000;

/**
 * What a shell can offer for the last of `typed`, one word a line. Empty after an error, which the command
 * itself will report.
 */
export async function completionWords(
  registry: readonly CommandDefinition[],
  typed: readonly string[],
  vocabulary: Vocabulary,
): Promise<string> {
  try {
    const found = await complete(registry, typed, vocabulary, sourcesFor(typed, vocabulary));
    return found.map((word) => `${word}\n`).join('');
  } catch {
    return '';
  }
}

/** Names that the typed environment has. Asks for no secret and reads no `.env`. */
function sourcesFor(typed: readonly string[], { namedEnvironment }: Vocabulary): CompletionSources {
  const resolved = () =>
    resolveSettings({
      flags: { env: namedEnvironment(typed), config: valueAfter(typed, '--config'), set: new Map() },
      processEnv: process.env,
      readEnvFile: async () => undefined,
      runSecretCommand: async () => ({ failure: 'not run for a completion' }),
    });
  return {
    environments: async () => (await resolved()).origins.environments,
    pairs: async () => Object.keys((await resolved()).settings.pairs),
    settings: async () => keyNames,
    services: async () => ['api', 'indexer', 'oracle', 'nginx'],
    runs: async () => new RunStore((await resolved()).settings.stateDirectory).ids().toReversed(),
    backups: async () => {
      const { host, backup } = (await resolved()).settings;
      const { run } = connectHost({ prefix: host.prefix, timeoutMs: hostLimitMs });
      const { backups } = await listBackups({ run, directory: backup.directory });
      return backups.map(({ name }) => name);
    },
  };
}

function valueAfter(words: readonly string[], flag: string): string | undefined {
  const index = words.indexOf(flag);
  return index < 0 ? undefined : words[index + 1];
}
