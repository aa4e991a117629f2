import { type Key, keyNames, keyOf, type Raw } from './keys.ts';
import { showSigner } from './mapSettings.ts';
import type { SettingOrigin, Settings, SettingsOrigins, SignerRole } from './settings.ts';

interface Line extends SettingOrigin {
  /** In JSON, which YAML reads too; empty where there is none or it holds a secret. */
  readonly text: string;
  readonly secret: boolean;
}

/** Sections of the file, each with a word of explanation. */
const sections: readonly (readonly [string, string])[] = [
  ['chain', 'Several RPC URLs: the first that answers is used.'],
  ['contracts', ''],
  ['database', 'The password stays in .env. Other sources for the URL, without it in this file:'],
  ['host', 'Put in front of host commands: sudo -n, or ["ssh", "ops@vault-1"].'],
  ['api', ''],
  ['backup', ''],
  ['roles', 'Lists of addresses: who should hold which role. tv checklist compares them with the chain.'],
];

/**
 * A first configuration file, without secrets. Values of `.env` and defaults are comments, so that their source
 * stays in effect. Values of flags and variables are written out.
 */
export function starterConfig(settings: Settings, origins: SettingsOrigins): string {
  const { environment } = settings;
  const values = origins.values.map((origin) => ({ ...origin, ...written(settings, origin) }));
  const lines = [
    '# Settings of tv, the operator CLI of TempoVault. Every line is optional: what is not here comes from',
    "# TempoVault's .env, then from defaults. A line with # shows the current value and its source.",
    '# Check it with: tv config check',
    '',
    '# The environment used without -e.',
    `default: ${environment}`,
    '',
    'environments:',
    `  ${environment}:`,
  ];
  for (const [section, explanation] of sections) {
    const own = values.filter(({ key }) => key.startsWith(`${section}.`));
    const active = own.some(isWritten);
    if (explanation !== '') lines.push(`    # ${explanation}`);
    if (section === 'database') {
      lines.push(
        '    #   urlCommand: pass show tempovault/database',
        '    #   urlEnv: TEMPOVAULT_DATABASE_URL',
      );
    }
    lines.push(`${active ? '    ' : '    # '}${section}:`);
    lines.push(...tree(own, section));
    lines.push('');
  }
  lines.push(...signerLines(settings), ...pairLines(settings), ...withdrawLines(settings));
  lines.push('    # Journals, locks and the audit log of tv, on this machine.');
  const state = values.find(({ key }) => key === 'stateDirectory');
  if (state !== undefined) lines.push(line(state, 'stateDirectory', 2));
  lines.push('', '  # staging:', '  #   host:', '  #     prefix: ["ssh", "ops@vault-staging"]', '');
  return lines.join('\n');
}

/** What each role signs, and where its key may come from: four examples, one for each kind of source. */
const signerExamples: readonly (readonly [SignerRole, string, string])[] = [
  ['admin', '{keystore: "~/.foundry/keystores/admin"}', 'oracle keys; asks for the password'],
  ['emergency', '{env: TV_EMERGENCY_KEY}', 'pause, unwind'],
  ['riskOfficer', '{command: [pass, show, tempovault/risk]}', 'circuit breakers'],
  ['treasuryManager', '{prompt: true}', 'withdrawals; asks for the key'],
];

function signerLines({ signers }: Settings): readonly string[] {
  return [
    '    # Who signs: one source of a key for each role. The key itself is never in this file. A keystore may',
    '    # name a passwordFile (0600).',
    '    # signers:',
    ...signerExamples.map(([role, example, purpose]) => {
      const source = signers[role];
      const now = source === undefined ? purpose : `now: ${showSigner(source)}`;
      return indent(3)(`# ${role}: ${example}  # ${now}`);
    }),
    '',
  ];
}

/** A placeholder with a dollar sign is no address and no id: it is refused before anything is sent to it. */
function pairLines({ pairs }: Settings): readonly string[] {
  const named = Object.keys(pairs);
  return [
    '    # Names of pairs, for status, breaker and unwind: two token addresses, or the id of the pair.',
    `    # pairs:${named.length === 0 ? '' : `  # now: ${named.join(', ')}`}`,
    ...['# TOKEN_A-TOKEN_B: [$TOKEN_A_ADDRESS, $TOKEN_B_ADDRESS]', '# OTHER_PAIR: $PAIR_ID'].map(indent(3)),
    '',
  ];
}

function withdrawLines({ withdraw: { recipients } }: Settings): readonly string[] {
  const now = recipients.length === 0 ? 'not set' : `now: ${recipients.join(', ')}`;
  return [
    '    # Recipients that tv emergency withdraw accepts without typing the address.',
    '    # withdraw:',
    indent(3)(`# recipients: [$RECIPIENT_ADDRESS]  # ${now}`),
    '',
  ];
}

function tree(own: readonly Line[], section: string): readonly string[] {
  let group = '';
  return own.flatMap((origin) => {
    const names = origin.key.slice(section.length + 1).split('.');
    const [parent = '', name] = names;
    if (name === undefined) return [line(origin, parent, 3)];
    const siblings = own.filter(({ key }) => key.startsWith(`${section}.${parent}.`));
    const head = group === parent ? [] : [`${siblings.some(isWritten) ? '' : '# '}${parent}:`].map(indent(3));
    group = parent;
    return [...head, line(origin, name, 4)];
  });
}

const indent = (depth: number) => (text: string) => '  '.repeat(depth) + text;

function line(origin: Line, name: string, depth: number): string {
  if (isWritten(origin)) return indent(depth)(`${name}: ${origin.text}`);
  const place = { unset: 'not set', default: 'default' }[String(origin.source)] ?? origin.where;
  const from = origin.secret ? `${place}; holds a secret, so not written here` : place;
  return indent(depth)(`# ${name}:${origin.text === '' ? '' : ` ${origin.text}`}  # ${from}`);
}

function isWritten({ source, text }: Line): boolean {
  return (source === 'flag' || source === 'environment') && text !== '';
}

function written(settings: Settings, { key }: SettingOrigin): Pick<Line, 'text' | 'secret'> {
  const name = keyNames.find((known) => known === key);
  const value = key.split('.').reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], settings);
  if (name === undefined || value === undefined || (Array.isArray(value) && value.length === 0)) {
    return { text: '', secret: false };
  }
  const secret = name === 'database.url' || (keyOf(name).credentials?.(value as Raw) ?? []).length > 0;
  const write = (keyOf(name) as Key<unknown>).write ?? ((same: unknown) => same);
  return { text: secret ? '' : JSON.stringify(write(value)), secret };
}
