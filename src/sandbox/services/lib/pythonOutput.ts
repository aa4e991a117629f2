import { writeSync } from 'node:fs';
import { wordsOf } from './log.ts';

/** Python fills a block of this size before it writes standard output to anything but a terminal. In bytes. */
const blockSize = 8_192;

let waiting = '';

/**
 * `print()` of a Python program whose output is a pipe or the journal: nothing appears until a block is
 * full. What a SIGTERM finds in the block is lost, as in a program without a handler of its own.
 * `PYTHONUNBUFFERED` turns that off, as it does for Python.
 */
export function printBuffered(line: string): void {
  waiting += `${line}\n`;
  if (!process.env['PYTHONUNBUFFERED'] && Buffer.byteLength(waiting) < blockSize) return;
  writeSync(1, waiting);
  waiting = '';
}

/**
 * `traceback.print_exc()`: several lines on standard error, at once. Only the last one is the message.
 * @param frames names of functions, outermost first
 */
export function printException(error: unknown, frames: readonly string[]): void {
  const words = pythonWords(error);
  printBuffered(`Error in relay loop: ${words}`);
  const lines = frames.flatMap((frame, index) => [
    `  File "/home/tempovault/tempovault/offchain/oracle_relay.py", line ${150 + 37 * index}, in ${frame}`,
    `    ${frames[index + 1] ?? 'raise ValueError(response["error"])'}`,
  ]);
  const message = `ValueError: ${words}`;
  writeSync(2, `${['Traceback (most recent call last):', ...lines, message].join('\n')}\n`);
}

/** A node's error as web3.py raises it: the JSON-RPC error object, in Python's own form. */
function pythonWords(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'number' && 'details' in at) {
      return `{'code': ${at.code}, 'message': '${String(at.details)}'}`;
    }
  }
  return wordsOf(error);
}
