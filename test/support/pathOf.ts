import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A new folder of shell programs, for the PATH of a command.
 * @param programs name and text; undefined: there is none of this name
 */
export function pathOf(bin: string, programs: Readonly<Record<string, string | undefined>>): string {
  mkdirSync(bin);
  for (const [name, body] of Object.entries(programs)) {
    if (body === undefined) continue;
    writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  return bin;
}
