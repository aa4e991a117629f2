import { type Advice, onHost } from '../errors/advice.ts';
import type { Finding } from '../runbook/check.ts';
import type { Host } from '../runbook/context.ts';
import { block } from '../runbook/preflight.ts';
import { quoteForShell } from '../text/shellLine.ts';
import { FileError } from './readTextFile.ts';
import { assertReplaceable } from './replaceFile.ts';

/**
 * Why `.env` could not be replaced, found before anything is begun; undefined where it could. Changes nothing.
 * @throws FileError where it is missing or no regular file
 */
export async function findEnvFileObstacle(
  host: Host,
  { path }: { readonly path: string },
): Promise<Finding<never> | undefined> {
  try {
    await assertReplaceable(host, { path });
    return undefined;
  } catch (error) {
    if (!(error instanceof FileError) || error.problem !== 'not-writable') throw error;
    const reason = error.facts['reason'] ?? error.message;
    return block(`.env cannot be replaced: ${reason}`, {
      facts: { file: path },
      next: remedies(reason, quoteForShell(path)),
    });
  }
}

function remedies(reason: string, path: string): readonly Advice[] {
  if (reason.includes('mount point')) {
    return [onHost(`umount ${path}`), 'or have the whole folder mounted in place of the file'];
  }
  if (reason.includes('chattr +i')) return [onHost(`chattr -i ${path}`)];
  if (reason.includes('chattr +a')) return [onHost(`chattr -a ${path}`)];
  return [
    { when: 'run tv as root, or set host.prefix to sudo -n', tv: ['config', 'show'] },
    onHost(`ls -ld ${path}; findmnt -T ${path}; lsattr -d ${path}`),
  ];
}
