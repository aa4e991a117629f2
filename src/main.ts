import { groupHelp, type HelpLine, helpText, rootHelp } from './cli/help.ts';
import {
  type OutputTrouble,
  surviveLostOutput,
  terminalColumns,
  terminalRows,
  writeAtOnce,
} from './cli/terminal/lostTerminal.ts';
import {
  findCommand,
  helpWordToFlag,
  namedEnvironment,
  nearest,
  strangeFlag,
  vocabulary,
} from './cli/words.ts';
import { registry } from './registry.generated.ts';

/** Put in by the build from package.json. */
declare const TV_VERSION: string;

/** Shorter words hold no private key. */
const shortestKey = 48;

/** @returns the exit code */
async function main(given: readonly string[]): Promise<number> {
  const long = given.some(({ length }) => length >= shortestKey);
  const cleaned = long ? (await import('./text/pastedKeys.ts')).argumentsWithoutKeys(given) : given;
  const argv = helpWordToFlag(registry, cleaned);
  const { entry, rest, words } = findCommand(registry, argv);
  // Called by the scripts of `tv completion` at each key press. The words after it are the line being typed.
  const completing = argv[0] === '__complete';
  const page = entry === undefined && !completing ? helpPage(argv, words) : undefined;
  if (page !== undefined) return printPage(typeof page === 'string' ? page : await laidOut(page));
  // A lost output must not end a run half-way.
  trouble = surviveLostOutput();
  if (completing) {
    const { completionWords } = await import('./completion.ts');
    process.stdout.write(await completionWords(registry, argv.slice(1), vocabulary));
    return 0;
  }
  if (entry !== undefined) {
    const { runCommand } = await import('./compose.ts');
    return runCommand({ registry, version: TV_VERSION }, entry, rest);
  }
  const [noun] = words;
  if (noun === undefined)
    return refuse(argv, `There is no flag ${strangeFlag(argv)} without a command.`, ['--help']);
  const meant =
    (await nearest(registry, words)) ??
    (groupHelp(registry, noun) === undefined ? '--help' : `${noun} --help`);
  return refuse(argv, `There is no command "${words.join(' ')}".`, meant.split(' '));
}

/** What a call without a command prints; undefined where it is refused. */
function helpPage(
  argv: readonly string[],
  words: readonly string[],
): string | readonly HelpLine[] | undefined {
  const [noun] = words;
  if (noun === undefined && strangeFlag(argv) !== undefined) return undefined;
  if (noun !== undefined) return groupHelp(registry, words.join(' '));
  const wantsVersion = argv.includes('--version') || argv.includes('-V');
  return wantsVersion ? `tv ${TV_VERSION}\n` : rootHelp(registry, TV_VERSION);
}

/** For 80 columns; what fits it into fewer is loaded only there. */
async function laidOut(lines: readonly HelpLine[]): Promise<string> {
  const columns = terminalColumns() ?? 80;
  return helpText(
    columns >= 80 ? lines : (await import('./cli/reflow.ts')).reflow(lines, Math.max(60, columns)),
  );
}

async function printPage(text: string): Promise<number> {
  const rows = terminalRows();
  if (rows !== undefined && text.split('\n').length > rows) {
    trouble = surviveLostOutput();
    await (await import('./pager.ts')).page(text);
    return 0;
  }
  const error = writeAtOnce(text);
  return error === undefined ? 0 : unwritten(error, 0);
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

function unwritten({ message }: Error, code: number): number {
  process.stderr.write(`✖ The output could not be written completely: ${message}\n`);
  return code === 0 ? 1 : code;
}

let trouble: OutputTrouble | undefined;

// Not awaited at the top level: the launcher loads this file as CommonJS.
void main(process.argv.slice(2)).then((code) => {
  if (trouble === undefined) process.exit(code);
  const found = trouble;
  // All output has to be written before the process ends, and a pipe may be slow. A stream reports its error
  // after it has called back.
  const written = () => process.exit(found.unwritten === undefined ? code : unwritten(found.unwritten, code));
  process.stdout.write('', () => setImmediate(written));
});
