import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { onThisMachine } from '../../errors/advice.ts';
import { UsageError } from '../../errors/TvError.ts';
import { quoteForShell } from '../../text/shellLine.ts';

/**
 * A batch that somebody was given to sign is not replaced behind his back, and a mistyped folder is
 * not made.
 * @param file in full
 * @throws UsageError
 */
export function assertNewFile(file: string): void {
  if (existsSync(file)) {
    throw new UsageError(
      'usage.output-file',
      'The file of --safe is there already, and is not overwritten.',
      {
        facts: { file },
        next: [
          '--safe with another name',
          onThisMachine(`rm ${quoteForShell(file)}`, 'or take it away first'),
        ],
      },
    );
  }
  if (!existsSync(dirname(file))) {
    throw new UsageError('usage.output-file', 'The folder for the file of --safe is not there.', {
      facts: { folder: dirname(file) },
      next: [onThisMachine(`mkdir -p ${quoteForShell(dirname(file))}`)],
    });
  }
}
