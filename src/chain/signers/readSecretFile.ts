import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { explainTrouble, readTrustedFile } from '../../config/trustedFile.ts';
import { type Advice, onThisMachine } from '../../errors/advice.ts';
import type { ErrorCode } from '../../errors/codes.ts';
import { exitCodes, TvError } from '../../errors/TvError.ts';
import { quoteForShell } from '../../text/shellLine.ts';

/** Of a file with a key or a password, in bytes. A keystore has about 500. */
const largest = 64 * 1024;

/**
 * Reads a file of this machine that holds a key or a password. One that others can read or change is
 * refused: whatever is in it has to be taken for known, or for theirs.
 * @throws TvError with exit code 3
 */
export function readSecretFile(path: string, what: string): string {
  return decodeText(readSecretBytes(path, what));
}

/** The same, byte for byte. @throws TvError with exit code 3 */
export function readSecretBytes(path: string, what: string): Buffer {
  const file = path.startsWith('~/') ? join(homedir(), path.slice(2)) : resolve(path);
  const refuse = (code: ErrorCode, message: string, facts: Readonly<Record<string, string>>, next: Advice) =>
    new TvError(code, message, { facts: { file, ...facts }, next, exitCode: exitCodes.blocked });
  const answer = readTrustedFile(file, largest);
  if ('kind' in answer) {
    const { facts, next = { tv: ['config', 'show'] } } = explainTrouble(answer);
    throw answer.kind === 'exposed'
      ? refuse('signer.file-exposed', `The ${what} can be changed by other users.`, facts, next)
      : refuse('signer.file-unreadable', `The ${what} cannot be read.`, facts, next);
  }
  if ((answer.mode & 0o077) !== 0) {
    const mode = `0${(answer.mode & 0o777).toString(8)}`;
    throw refuse(
      'signer.file-exposed',
      `The ${what} can be read by others.`,
      { mode },
      onThisMachine(`chmod 600 ${quoteForShell(file)}`),
    );
  }
  return answer.bytes;
}

/** A password as a file holds it, and what is odd about that file. */
export interface PasswordText {
  /** What the password may be, most likely first: another program may have kept a line end in it. */
  readonly candidates: readonly string[];
  /** `it is UTF-16`, `it ends in 2 line ends`; empty where nothing is odd. */
  readonly oddities: readonly string[];
}

/** Reads the bytes of a password file. One line end at the end does not belong to the password. */
export function readPassword(bytes: Buffer): PasswordText {
  const utf16 = isUtf16(bytes);
  const text = decodeText(bytes);
  const [lineEnds = ''] = /(\r?\n)*$/.exec(text) ?? [];
  const count = lineEnds.replaceAll('\r', '').length;
  const bare = text.slice(0, text.length - lineEnds.length);
  const oneLess = text.replace(/\r?\n$/, '');
  const oddities = [
    ...(utf16 ? ['it is UTF-16 text'] : []),
    ...(!utf16 && bytes.subarray(0, 3).equals(utf8Mark) ? ['it begins with a byte order mark'] : []),
    ...(count > 1 ? [`it ends in ${count} line ends`] : []),
    ...(/\n/.test(bare) ? ['it has several lines'] : []),
    ...(bare !== bare.trim() ? ['the password begins or ends with a blank'] : []),
    ...(bare === '' ? ['it is empty'] : []),
    ...(bare.includes('\0') ? ['it has zero bytes in it'] : []),
  ];
  return { candidates: [...new Set([bare, oneLess])], oddities };
}

const utf8Mark = Buffer.from([0xef, 0xbb, 0xbf]);

function isUtf16(bytes: Buffer): boolean {
  const mark = bytes.subarray(0, 2).toString('hex');
  return mark === 'fffe' || mark === 'feff';
}

/** Text in UTF-8, or in UTF-16 where it begins with its byte order mark, as Windows tools write it. */
function decodeText(bytes: Buffer): string {
  const mark = bytes.subarray(0, 2).toString('hex');
  // TextDecoder takes the mark away.
  if (mark === 'fffe') return new TextDecoder('utf-16le').decode(bytes);
  if (mark === 'feff') return new TextDecoder('utf-16be').decode(bytes);
  return new TextDecoder('utf-8').decode(bytes);
}
