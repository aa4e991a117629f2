import { groupHelp, type HelpLine, helpText, rootHelp } from './cli/help.ts';
import { surviveLostOutput } from './cli/terminal/lostTerminal.ts';
import { findCommand, namedEnvironment, nearest, strangeFlag, vocabulary } from './cli/words.ts';
import { registry } from './registry.generated.ts';

/** Put in by the build from package.json. */
declare const TV_VERSION: string;

/** Shorter words hold no private key. */
const shortestKey = 48;

/** @returns the exit code */
async function main(given: readonly string[]): Promise<number> {
  const long = given.some(({ length }) => length >= shortestKey);
  const argv = long ? (await import('./text/pastedKeys.ts')).argumentsWithoutKeys(given) : given;
  // Called by the scripts of `tv completion` at each key press. The words after it are the line being typed.
  if (argv[0] === '__complete') {
    const { completionWords } = await import('./completion.ts');
    process.stdout.write(await completionWords(registry, argv.slice(1), vocabulary));
    return 0;
  }
  const { entry, rest, words } = findCommand(registry, argv);
  if (entry !== undefined) {
    const { runCommand } = await import('./compose.ts');
    return runCommand({ registry, version: TV_VERSION }, entry, rest);
  }
  const [noun] = words;
  const strange = noun === undefined ? strangeFlag(argv) : undefined;
  if (strange !== undefined)
    return refuse(argv, `There is no flag ${strange} without a command.`, ['--help']);
  if (noun === undefined || noun === 'help') {
    const wantsVersion = argv.includes('--version') || argv.includes('-V');
    if (wantsVersion) process.stdout.write(`tv ${TV_VERSION}\n`);
    else await printHelp(rootHelp(registry, TV_VERSION));
    return 0;
  }
  const group = groupHelp(registry, words.join(' '));
  if (group !== undefined) {
    await printHelp(group);
    return 0;
  }
  const meant =
    (await nearest(registry, words)) ??
    (groupHelp(registry, noun) === undefined ? '--help' : `${noun} --help`);
  return refuse(argv, `There is no command "${words.join(' ')}".`, meant.split(' '));
}

/** Laid out for 80 columns; what fits it into fewer is loaded only there. */
async function printHelp(lines: readonly HelpLine[]): Promise<void> {
  // A terminal of unknown size reports 0.
  const columns = process.stdout.columns || 80;
  const fits = columns >= 80 ? lines : (await import('./cli/reflow.ts')).reflow(lines, Math.max(60, columns));
  process.stdout.write(helpText(fits));
}

async function refuse(argv: readonly string[], message: string, next: readonly string[]): Promise<number> {
  // Loaded only here, to keep the start quick.
  const { adviceLine } = await import('./cli/advice.ts');
  const { outsideText, terminalSafe } = await import('./text/outsideText.ts');
  const { withoutKeys } = await import('./text/pastedKeys.ts');
  const environment =
    namedEnvironment(argv) ?? (withoutKeys(process.env['TV_ENVIRONMENT'] ?? '') || undefined);
  process.stderr.write(
    terminalSafe(`✖ ${outsideText(message)}\nNext: ${adviceLine({ tv: next }, { environment })}\n`),
  );
  return 2;
}

// A lost output must not end a run half-way.
const trouble = surviveLostOutput();

// Not awaited at the top level: the launcher loads this file as CommonJS.
void main(process.argv.slice(2)).then((code) => {
  // All output has to be written before the process ends, and a pipe may be slow. A stream reports its error
  // after it has called back.
  const written = () => {
    if (trouble.unwritten === undefined) process.exit(code);
    process.stderr.write(`✖ The output could not be written completely: ${trouble.unwritten.message}\n`);
    process.exit(code === 0 ? 1 : code);
  };
  process.stdout.write('', () => setImmediate(written));
});
