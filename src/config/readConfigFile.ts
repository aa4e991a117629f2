import { onThisMachine } from '../errors/advice.ts';
import { quoteForShell } from '../text/shellLine.ts';
import { rawText } from './keys.ts';
import { databasePasswords, hasLogin, urlCredentials } from './mask.ts';
import { type ConfigContent, parseConfig } from './parseConfig.ts';
import type { SettingsProblem } from './settings.ts';
import { explainTrouble, type FileTrouble, readTrustedFile } from './trustedFile.ts';

export interface ConfigFile extends ConfigContent {
  readonly path: string;
}

export type ConfigAnswer =
  | { readonly state: 'missing' }
  | { readonly state: 'unreadable'; readonly problem: SettingsProblem }
  | { readonly state: 'used'; readonly file: ConfigFile };

const others = 0o077;
/** Of a configuration file, in bytes. One with a hundred environments has some 50 KiB. */
const largest = 256 * 1024;

/** Reads a configuration file, and returns all problems in it. */
export async function readConfigFile(path: string): Promise<ConfigAnswer> {
  const answer = readTrustedFile(path, largest);
  if ('kind' in answer) {
    return answer.kind === 'missing'
      ? { state: 'missing' }
      : { state: 'unreadable', problem: unreadable(path, answer) };
  }
  const { mode } = answer;
  const content = await parseConfig(path, answer.bytes.toString('utf8'));
  const exposed = exposedSecret(path, mode, content);
  const problems = exposed === undefined ? content.problems : [exposed, ...content.problems];
  return { state: 'used', file: { ...content, path, problems } };
}

function unreadable(path: string, trouble: FileTrouble): SettingsProblem {
  const { facts, next = onThisMachine(`ls -ld ${quoteForShell(path)}`) } = explainTrouble(trouble);
  const verb =
    trouble.kind === 'exposed' ? 'can be changed by other users of this machine' : 'cannot be read';
  return {
    level: 'fatal',
    code: 'config.file-unreadable',
    message: `The configuration file ${verb}.`,
    where: path,
    facts,
    next,
  };
}

/** A password that others can read makes the file unusable. A probable API key is a warning. */
function exposedSecret(path: string, mode: number, content: ConfigContent): SettingsProblem | undefined {
  if ((mode & others) === 0) return undefined;
  const found: { readonly sure: boolean; readonly at: string; readonly line: number }[] = [];
  for (const [name, { values }] of content.environments) {
    for (const [key, { raw, line }] of values) {
      const urls = Array.isArray(raw) ? raw : rawText(raw).split(',');
      const at = `${key} of ${name}`;
      if (key === 'database.url' || key === 'database.adminUrl') {
        if (databasePasswords(rawText(raw)).length > 0) found.push({ sure: true, at, line });
      } else if (urls.some((url) => hasLogin(url.trim()))) found.push({ sure: true, at, line });
      else if (/url/i.test(key) && urls.some((url) => urlCredentials(url.trim()).length > 0)) {
        found.push({ sure: false, at, line });
      }
    }
  }
  const worst = found.find(({ sure }) => sure) ?? found[0];
  if (worst === undefined) return undefined;
  return {
    level: worst.sure ? 'fatal' : 'warning',
    message: worst.sure
      ? 'The configuration file holds a password, and other users of this machine can read or change it.'
      : 'The configuration file seems to hold an API key, and other users of this machine can read or change it.',
    where: `${path}:${worst.line}`,
    facts: { holds: worst.at, mode: `0${(mode & 0o777).toString(8)}` },
    next: onThisMachine(`chmod 600 ${quoteForShell(path)}`),
  };
}
