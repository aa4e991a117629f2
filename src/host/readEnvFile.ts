import type { Host } from '../runbook/context.ts';
import { type EnvEntry, parseEnvFile } from './envFile.ts';
import { readTextFile, type TextFile } from './readTextFile.ts';

export interface EnvFile extends TextFile {
  readonly entries: readonly EnvEntry[];
}

/** Reads a `.env` file on the host. @throws FileError: missing or unreadable */
export async function readEnvFile(host: Host, parameters: { readonly path: string }): Promise<EnvFile> {
  const file = await readTextFile(host, parameters);
  return { ...file, entries: parseEnvFile(file.text) };
}
