import { execFileSync } from 'node:child_process';
import { childEnvironment } from '../../host/childEnvironment.ts';

export interface ServiceUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** The unprivileged user that the sandbox's units run as. */
export function serviceUser(): ServiceUser {
  const name = ['postgres', 'nobody'].find((candidate) => id('-u', candidate) !== undefined) ?? 'nobody';
  return { name, uid: id('-u', name) ?? 65_534, gid: id('-g', name) ?? 65_534 };
}

function id(flag: '-u' | '-g', name: string): number | undefined {
  try {
    return Number(
      execFileSync('id', [flag, name], {
        encoding: 'utf8',
        env: childEnvironment(),
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    );
  } catch {
    return undefined;
  }
}
