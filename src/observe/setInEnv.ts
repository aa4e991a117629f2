import type { ServiceName, Settings } from '../config/settings.ts';
import { type Advice, onHost } from '../errors/advice.ts';
import { quoteForShell } from '../text/shellLine.ts';

export interface EnvChange {
  readonly key: string;
  /** No secret; without quotes in it. */
  readonly value: string;
  /** Whether the file has a line of it. */
  readonly present: boolean;
  /** What reads the file when it starts. */
  readonly restart: readonly ServiceName[];
}

/** The line that sets a value in `.env`, and restarts what reads it. */
export function setInEnv(
  { host: { envFile, units } }: Pick<Settings, 'host'>,
  { key, value, present, restart }: EnvChange,
  when?: string,
): Advice {
  const file = quoteForShell(envFile);
  const change = present
    ? `sed -i 's|^${key}=.*|${key}="${value}"|' ${file}`
    : `printf '\\n%s\\n' '${key}="${value}"' >>${file}`;
  return onHost(`${change} && systemctl restart ${restart.map((name) => units[name]).join(' ')}`, when);
}
