import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { reference } from '../../scripts/docs/reference.ts';
import { parse } from '../../src/cli/parse.ts';
import { findCommand } from '../../src/cli/words.ts';
import { registry } from '../../src/registry.generated.ts';
import { wordsInBash } from '../support/wordsInBash.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** What stands for a value that only the reader knows. */
const placeholders: readonly (readonly [RegExp, string])[] = [
  [/0x…/g, `0x${'5c'.repeat(32)}`],
  [/(?<=--(address|to) )0x\w+/g, '0x70997970c51812dc3a010c7d01b50e0d17dc79c8'],
  [/\bTX_HASH\b/g, `0x${'5c'.repeat(32)}`],
  [/\bSYMPTOM\b/g, 'api-503'],
  [/\bRUN\b/g, '20260101-000000-reindex-0000'],
  [/\bITEM\b/g, 'monthly-audit-log'],
  [/\bNAME\b/g, 'indexer'],
  [/\bBACKUP\b/g, 'tempovault_20260101-000000-0000'],
];

/** Lines that call tv in the blocks of code of a page, without what explains them behind two blanks or a `#`. */
function callsIn(page: string): readonly string[] {
  const blocks = read(page).split(/^```.*$/m);
  return blocks
    .filter((_, index) => index % 2 === 1)
    .flatMap((block) => block.split('\n'))
    .map((line) => line.replace(/^(\$ |[A-Z_]+=\S+ )*/, '').replace(/^node bin\/tv\.js /, 'tv '))
    .filter((line) => /^tv( |$)/.test(line))
    .map((line) =>
      placeholders.reduce(
        (text, [pattern, value]) => text.replaceAll(pattern, value),
        line.replace(/ {2,}.*| +#.*| > \S+$/g, '').replace(/; tv resume.*/, ''),
      ),
    );
}

describe('documentation', () => {
  it('what is made from the code is as the code says', async () => {
    for (const [name, text] of await reference(registry)) {
      expect(read(`docs/${name}`), 'run node scripts/docs.ts').toBe(text);
    }
  });

  it.each(pages)('%s: every link leads to something', (page) => {
    const links = [...read(page).matchAll(/\]\((?!https?:)([^)#\s]+)(#[^)]*)?\)/g)].map(
      ([, link = '']) => link,
    );
    expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
  });

  it.each(pages)('%s: every call of tv is one that the parser and every schema take', async (page) => {
    const calls = callsIn(page);
    const words = wordsInBash(calls);
    // More where a line has two.
    expect(words.length).toBeGreaterThanOrEqual(calls.length);
    const refused = await Promise.all(
      words.map(async (call) => {
        const [first = '', ...others] = call;
        if (first === '' || first === 'help' || call.includes('--help')) return [];
        const { entry, rest } = findCommand(registry, [first, ...others]);
        if (entry === undefined) return [`tv ${call.join(' ')}: no command`];
        try {
          parse(entry, (await entry.load()).default, rest);
          return [];
        } catch (error) {
          return [`tv ${call.join(' ')}: ${(error as Error).message}`];
        }
      }),
    );
    expect(refused.flat()).toEqual([]);
  });

  it('the calls are found', () => {
    expect(callsIn('README.md').length).toBeGreaterThan(80);
    expect(callsIn('docs/first-night.md').length).toBeGreaterThan(8);
  });
});
