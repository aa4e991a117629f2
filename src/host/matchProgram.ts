import { basename } from 'node:path';
import { runFileWord } from './ownProgram.ts';

const scriptEndings = /\.(py|pyc|js|mjs|cjs|ts|mts)$/;
const interpreters = /^(python|pypy|node|nodejs|bun|deno|tsx)[\d.]*$/;
/** Options of python and node whose value is the next word. */
const optionsWithValue = new Set([
  '-W',
  '-X',
  '-r',
  '--require',
  '--import',
  '--loader',
  '--experimental-loader',
  '-C',
  '--conditions',
  '--env-file',
]);
const inlineCode = new Set(['-c', '-e', '--eval', '-p', '--print', '-pe', '-']);

/**
 * The program and script that a process is, where it runs `program`: its own executable, or a
 * script under python or node. Undefined for all others, also those that only name the file
 * (editors, `tail -f`, `grep`, a shell that started it).
 * @returns two words at most; arguments may hold secrets and are never part of it
 */
export function matchProgram(argv: readonly string[], program: string): string | undefined {
  const [executable = '', ...rest] = argv;
  // A login shell and some daemons put a dash in front of their name.
  const name = basename(executable).replace(/^-/, '');
  if (isNamed(name, program)) return executable;
  // The Node of a standalone tv, which runs the services of a sandbox.
  const isOwnNode = rest[0] === runFileWord;
  if (!isOwnNode && !interpreters.test(name)) return undefined;

  for (let index = isOwnNode ? 1 : 0; index < rest.length; index += 1) {
    const word = rest[index] ?? '';
    if (inlineCode.has(word)) return undefined;
    if (word === '-m') {
      const module = rest[index + 1] ?? '';
      return module.split('.').at(-1) === program ? `${executable} -m ${module}` : undefined;
    }
    if (optionsWithValue.has(word)) index += 1;
    else if (!word.startsWith('-') && word !== 'run') {
      return isNamed(basename(word), program) ? `${executable} ${word}` : undefined;
    }
  }
  return undefined;
}

function isNamed(file: string, program: string): boolean {
  return file === program || file.replace(scriptEndings, '') === program;
}
