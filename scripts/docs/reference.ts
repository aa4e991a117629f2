import { keyNames, keyOf, showValue } from '../../src/config/keys.ts';
import { codes } from '../../src/errors/codes.ts';
import { type ExitCode, exitCodes } from '../../src/errors/TvError.ts';
import { commonSchemas, schemasOf } from '../../src/operations/documents/jsonSchemas.ts';
import type { CommandDefinition } from '../../src/runbook/define.ts';
import { meaningOf } from '../manPage.ts';
import { tableOf } from '../table.ts';
import { aboutSettings } from './aboutSettings.ts';

/** A file of docs/ that is made from the code, by its path from there. */
export type Reference = ReadonlyMap<string, string>;

/** Everything in docs/ that is made from the code. Nothing in it depends on the machine. */
export async function reference(registry: readonly CommandDefinition[]): Promise<Reference> {
  return new Map([
    ['settings.md', settingsReference()],
    ['errors.md', errorReference()],
    ['json.md', await schemaReference(registry)],
  ]);
}

const made = '<!-- Made by `node scripts/docs.ts` from the code. Changes here are lost. -->';

/** It goes by the user. */
const stateDirectories = '`/var/lib/tv` for root, `$XDG_STATE_HOME/tv` for others (`~/.local/state/tv`)';

function settingsReference(): string {
  const settings = keyNames.map((name) => {
    const { expected, fallback, variable, envKey, inEnv, fileOnly } = keyOf(name);
    const value = fallback === undefined ? undefined : showValue(name, fallback);
    const sources = [
      ...(fileOnly ? [] : [`\`--set ${name}=…\``]),
      ...(variable === undefined ? [] : [`\`${variable}\``]),
      'configuration file',
      ...(envKey === undefined
        ? []
        : [`\`${envKey}\` of .env${inEnv === undefined ? '' : ` (${inEnv.expected})`}`]),
    ];
    return [
      `### ${name}`,
      '',
      aboutSettings[name],
      '',
      `- expected: ${expected}`,
      `- default: ${name === 'stateDirectory' ? stateDirectories : value === undefined ? 'none' : `\`${value}\``}`,
      `- from: ${sources.join(', ')}`,
      '',
    ].join('\n');
  });
  return [
    made,
    '',
    '# Settings',
    '',
    'Each setting is taken from the first source that has it: a flag, a variable of the environment, the configuration file',
    "(`--config`, `~/.config/tv/config.yaml`, `/etc/tempovault/tv.yaml`), TempoVault's `.env` on the host, the default.",
    '`tv config show` prints every value with its source, `tv config check` what is wrong or weak, and `tv config init`',
    'writes a first file. In the file a name is a path: `chain.rpcUrls` is `rpcUrls` below `chain`, below the environment.',
    'Some are taken from the file alone: a flag must not waive an approval or replace a key.',
    '',
    ...settings,
  ].join('\n');
}

function errorReference(): string {
  const entries = Object.entries<{ readonly meaning: string; readonly whatToDo?: string }>(codes);
  const rows = entries.map(([code, { meaning, whatToDo = '' }]) => [`\`${code}\``, meaning, whatToDo]);
  const exits = Object.values(exitCodes).map((code: ExitCode) => [String(code), meaningOf[code]]);
  return [
    made,
    '',
    '# Exit codes and errors',
    '',
    '## Exit codes',
    '',
    tableOf(['code', 'meaning'], exits, { padded: false }),
    'Reports about the state of the deployment (`tv status`, `tv health`, `tv monitor` and their like) use the exit codes',
    'of monitoring plug-ins instead: 0 ok, 1 warning, 2 critical, 3 unknown.',
    '',
    '## Error codes',
    '',
    'With `--json` an error is one line, the last one: `{"schema":"tv.error/1","code":…}`. A code keeps its meaning; the',
    'sentence beside it may change. Every error says the facts of its case, and what to do next; the last column is what is',
    'the same each time.',
    '',
    tableOf(['code', 'meaning', 'what to do'], rows, { padded: false }),
  ].join('\n');
}

async function schemaReference(registry: readonly CommandDefinition[]): Promise<string> {
  const all = [...commonSchemas, ...(await Promise.all(registry.map(schemasOf))).flat()];
  return [
    made,
    '',
    '# JSON',
    '',
    'What `--json` prints has a field `schema` with one of these ids. `tv schema ID` prints its JSON Schema (draft 2020-12),',
    '`tv schema COMMAND` that of all that a command prints. The number rises where a field is removed or gets another',
    'meaning; a later tv may add fields, events and codes without that.',
    '',
    tableOf(
      ['id', 'what'],
      all.map(({ id, what }) => [`\`${id}\``, what]),
      { padded: false },
    ),
  ].join('\n');
}
