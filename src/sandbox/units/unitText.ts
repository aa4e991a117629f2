/** One service of the sandbox, in the words of systemd. */
export interface SandboxUnit {
  readonly name: string;
  readonly description: string;
  readonly command: readonly string[];
  /** Prepares before `command`, as the same user. */
  readonly before?: readonly string[];
  readonly user: string | undefined;
  readonly workingDirectory: string;
  readonly environmentFile?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly after?: readonly string[];
  readonly restart: 'no' | 'on-failure' | 'always';
  /** Asks the process to stop; SIGTERM without it. */
  readonly stopSignal?: string;
}

/** The text of a `.service` file. */
export function unitText(unit: SandboxUnit): string {
  const lines = [
    '[Unit]',
    `Description=${unit.description}`,
    ...(unit.after ?? []).map((name) => `After=${name}.service`),
    '',
    '[Service]',
    'Type=simple',
    ...(unit.user === undefined ? [] : [`User=${unit.user}`]),
    `WorkingDirectory=${unit.workingDirectory}`,
    ...(unit.environmentFile === undefined ? [] : [`EnvironmentFile=${unit.environmentFile}`]),
    ...Object.entries(unit.environment ?? {}).map(([key, value]) => `Environment=${word(`${key}=${value}`)}`),
    ...(unit.before === undefined ? [] : [`ExecStartPre=${unit.before.map(word).join(' ')}`]),
    `ExecStart=${unit.command.map(word).join(' ')}`,
    ...(unit.stopSignal === undefined ? [] : [`KillSignal=${unit.stopSignal}`]),
    `Restart=${unit.restart}`,
    'RestartSec=1',
    'TimeoutStopSec=5',
    '',
    '[Install]',
    'WantedBy=multi-user.target',
    '',
  ];
  return lines.join('\n');
}

/** One argument as systemd reads it: `%` and `$` would be expanded, quotes and blanks would split. */
function word(text: string): string {
  const safe = text.replaceAll('%', '%%').replaceAll('$', '$$$$');
  if (/^[\w@%+=:,./$-]+$/.test(safe)) return safe;
  return `"${safe.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
