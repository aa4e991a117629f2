import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { EnvFileText } from '../../src/config/layers.ts';
import type { ResolvedSettings, SettingsRequest } from '../../src/config/resolveSettings.ts';
import { resolveSettings } from '../../src/config/resolveSettings.ts';
import type { SettingOrigin } from '../../src/config/settings.ts';
import { plainAdvice } from '../../src/errors/advice.ts';
import type { TvError } from '../../src/errors/TvError.ts';
import { parseEnvFile } from '../../src/host/envFile.ts';
import { secretOutput } from '../../src/host/secretOutput.ts';

export interface ResolveOptions {
  readonly env?: string;
  readonly config?: string;
  readonly set?: Readonly<Record<string, string>>;
  readonly variables?: Readonly<Record<string, string>>;
  /** The text of `.env`; undefined: there is none; an error: it cannot be read. */
  readonly dotEnv?: string | TvError;
  readonly hurried?: boolean;
  readonly dotEnvMode?: number;
  /** Its owner, who is neither root nor anybody known. */
  readonly dotEnvStranger?: EnvFileText['stranger'];
}

/** A machine's home, `/etc` and state directory in a temporary folder, for settings to be resolved in. */
export class ConfigWorld {
  readonly directory = mkdtempSync(join(tmpdir(), 'tv-config-'));
  readonly userConfig = join(this.directory, 'home/.config/tv/config.yaml');
  readonly machineConfig = join(this.directory, 'etc/tv.yaml');
  readonly stateDirectory = join(this.directory, 'home/.local/state/tv');
  /** How `.env` was asked for. */
  readonly asked: Omit<Parameters<NonNullable<SettingsRequest['readEnvFile']>>[0], 'units'>[] = [];

  write(path: string, text: string, mode = 0o600): string {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode });
    return path;
  }

  sandbox(name: string, text: string): string {
    return this.write(join(this.stateDirectory, 'sandbox', name, 'tv.yaml'), text);
  }

  resolve(options: ResolveOptions = {}): Promise<ResolvedSettings> {
    return resolveSettings({
      flags: { env: options.env, config: options.config, set: new Map(Object.entries(options.set ?? {})) },
      processEnv: { HOME: join(this.directory, 'home'), ...options.variables },
      paths: { machineConfig: this.machineConfig, root: false },
      hurried: options.hurried ?? false,
      runSecretCommand: (words) => secretOutput({ words }),
      readEnvFile: async (parameters): Promise<EnvFileText | undefined> => {
        const { path, prefix, timeoutMs } = parameters;
        this.asked.push({ path, prefix, timeoutMs });
        const { dotEnv } = options;
        if (dotEnv === undefined || typeof dotEnv === 'string') {
          return dotEnv === undefined
            ? undefined
            : {
                entries: parseEnvFile(dotEnv),
                mode: options.dotEnvMode ?? 0o600,
                ...(options.dotEnvStranger && { stranger: options.dotEnvStranger }),
              };
        }
        throw dotEnv;
      },
    });
  }

  /** Paths of the temporary folder replaced, for snapshots. */
  plain(text: string): string {
    return text.replaceAll(this.directory, '');
  }

  remove(): void {
    rmSync(this.directory, { recursive: true });
  }
}

export function originOf({ origins }: ResolvedSettings, key: string): SettingOrigin | undefined {
  return origins.values.find((value) => value.key === key);
}

/** Problems as text, one a line with its facts, for snapshots. */
export function problemLines(
  { origins }: ResolvedSettings,
  levels: readonly string[] = ['fatal', 'error'],
): string {
  return origins.problems
    .filter(({ level }) => levels.includes(level))
    .map(({ level, message, where, facts, next }) => {
      const rows = Object.entries({ where, ...facts, next: plainAdvice(next) }).map(
        ([name, value]) => `  ${name}: ${value}`,
      );
      return [`${level}: ${message}`, ...rows].join('\n');
    })
    .join('\n');
}
