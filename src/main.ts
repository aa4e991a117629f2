import { shelf } from '../runbooks/index.ts';
import { groupHelp, rootHelp } from './cli/help.ts';
import { findCommand, nearest } from './cli/words.ts';

/** Put in by the build from package.json. */
declare const TV_VERSION: string;

/** @returns the exit code */
async function main(argv: readonly string[]): Promise<number> {
  const { entry, rest, words } = findCommand(shelf, argv);
  if (entry !== undefined) {
    const { runCommand } = await import('./compose.ts');
    return runCommand({ shelf, version: TV_VERSION }, entry, rest);
  }
  const [noun] = words;
  if (noun === undefined || noun === 'help') {
    const wantsVersion = argv.includes('--version') || argv.includes('-V');
    process.stdout.write(wantsVersion ? `tv ${TV_VERSION}\n` : rootHelp(shelf, TV_VERSION));
    return 0;
  }
  const help = groupHelp(shelf, noun);
  if (help !== undefined) {
    process.stdout.write(help);
    return words.length === 1 ? 0 : 2;
  }
  const meant = nearest(shelf, words);
  const next = meant === undefined ? 'tv --help' : `tv ${meant}`;
  process.stderr.write(`✖ There is no command "${words.join(' ')}".\nNext: ${next}\n`);
  return 2;
}

const code = await main(process.argv.slice(2));
// What is printed has to be out before the process ends; a pipe takes it in its own time.
process.stdout.write('', () => process.exit(code));
