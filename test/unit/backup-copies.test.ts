import { describe, expect, it } from 'vitest';
import { expandWords, hasVerifiedCopy, judgeCopy, readListing } from '../../src/database/backup/copies.ts';
import { readMarks } from '../../src/database/backup/marks.ts';

const a = 'a'.repeat(64);
const b = 'b'.repeat(64);
const name = 'tempovault_20261123-020000-7f3a';

describe('placeholders', () => {
  const values = { path: `/backup/${name}`, name };
  it.each<[string, readonly string[], readonly string[]]>([
    [
      'alone and inside of words',
      ['rclone', 'copyto', '{path}', 'offsite:b/{name}'],
      ['rclone', 'copyto', `/backup/${name}`, `offsite:b/${name}`],
    ],
    ['several in one word', ['{name}={path}={name}'], [`${name}=/backup/${name}=${name}`]],
    ['others stay', ['{}', '{file}', '$path', 'path'], ['{}', '{file}', '$path', 'path']],
  ])('%s', (_, words, expected) => expect(expandWords(words, values)).toEqual(expected));

  it('a name that looks like a placeholder, or like code of a shell, is not read again', () => {
    const odd = { path: '/backup/{name} $(reboot)', name: '{path};`id`' };
    expect(expandWords(['{path}', 'x/{name}'], odd)).toEqual(['/backup/{name} $(reboot)', 'x/{path};`id`']);
  });

  it('a name that a program would take for an option is refused; an option of the settings is none', () => {
    const dashed = { path: '/backup/--delete.dump', name: '--delete.dump' };
    expect(() => expandWords(['rm', '{name}'], dashed)).toThrow('would be taken for an option');
    expect(expandWords(['--to={name}', '{path}'], dashed)).toEqual([
      '--to=--delete.dump',
      '/backup/--delete.dump',
    ]);
  });
});

describe('the listing of a check', () => {
  it.each<[string, string, readonly [string, string | number][]]>([
    ['sha256sum', `${a}  data/1.dat\n`, [['data/1.dat', a]]],
    ['sha256sum, binary', `${a} *data/1.dat\n`, [['data/1.dat', a]]],
    ['sha256sum < FILE', `${a}  -\n`, [['', a]]],
    ['sha256sum of a name with a line break', `\\${a}  one\\nname\n`, [['one\\nname', a]]],
    ['a sum alone', `${a.toUpperCase()}\r\n`, [['', a]]],
    [
      'rclone ls',
      `        7 data/1.dat\n 12345678 with blanks in it\n`,
      [
        ['data/1.dat', 7],
        ['with blanks in it', 12_345_678],
      ],
    ],
    ['du -b', `7\t./data/1.dat\n`, [['data/1.dat', 7]]],
    ['nothing', '', []],
    [
      'junk',
      'Transferred: 3 files\n\u001b[31mERROR\u001b[0m\nUNSUPPORTED  data/1.dat\n-5 x\n1e9 x\n0x10 x\n',
      [],
    ],
    ['a sum that is too short or too long', `${a.slice(1)}  x\n${a}a  x\n`, []],
    ['a size beyond any file', `${'9'.repeat(30)} x\n`, []],
    ['a line of megabytes', `7 ${'x'.repeat(2_000_000)}\n`, []],
  ])('%s', (_, output, expected) => {
    const found = readListing(output).map(({ path, value }) => [
      path,
      'bytes' in value ? value.bytes : value.sha256,
    ]);
    expect(found).toEqual(expected);
  });
});

describe('the verdict on a copy', () => {
  const files = [
    { path: 'data/toc.dat', bytes: 7, sha256: a },
    { path: 'manifest.json', bytes: 9, sha256: b },
  ];
  const judged = (output: string, isFolder = true, all = files) =>
    judgeCopy({ name, files: all, isFolder, listing: readListing(output) });

  it.each<[string, string, 'sum' | 'size', readonly string[]]>([
    ['sums of all', `${a}  data/toc.dat\n${b}  manifest.json\n`, 'sum', []],
    ['sizes of all', '7 data/toc.dat\n9 manifest.json\n', 'size', []],
    [
      'a sum of one, a size of the other → no more than sizes',
      `${a}  data/toc.dat\n9 manifest.json\n`,
      'size',
      [],
    ],
    [
      'below a folder of its name',
      `${a}  /off/${name}/data/toc.dat\n${b}  ${name}/manifest.json\n`,
      'sum',
      [],
    ],
    [
      'more than that: marks, another backup',
      `${a}  data/toc.dat\n${b}  manifest.json\n3 marks.json\n${b}  old/data/toc.dat\n`,
      'sum',
      [],
    ],
    [
      'another sum',
      `${b}  data/toc.dat\n${b}  manifest.json\n`,
      'sum',
      ['data/toc.dat has another checksum in the copy'],
    ],
    [
      'another size',
      '6 data/toc.dat\n9 manifest.json\n',
      'size',
      ['data/toc.dat has 6 bytes in the copy, not 7'],
    ],
    [
      'the right sum, and a second line that contradicts it',
      `${a}  data/toc.dat\n${b}  ./data/toc.dat\n${b}  manifest.json\n`,
      'sum',
      ['data/toc.dat has another checksum in the copy'],
    ],
    [
      'one is missing',
      `${a}  data/toc.dat\n`,
      'size',
      ['the check does not list manifest.json (1 of 2 files)'],
    ],
    [
      'only a backup of another name has it',
      `${a}  other/data/toc.dat\n${b}  other/manifest.json\n`,
      'size',
      ['the check does not list data/toc.dat, manifest.json (2 of 2 files)'],
    ],
    ['nothing', '', 'size', ['the check lists no file: no line is a SHA-256 or a size, and a path']],
  ])('%s', (_, output, how, problems) => expect(judged(output)).toEqual({ how, problems }));

  it.each([`${a}  -\n`, `${a}\n`, `${a}  ${name}\n`, `${a}  /off/${name}\n`])(
    'a backup of one file: %j is its sum',
    (output) => {
      const single = [{ path: name, bytes: 7, sha256: a }];
      expect(judged(output, false, single)).toEqual({ how: 'sum', problems: [] });
      // Of a folder a line without a path says nothing.
      expect(judged(`${a}  -\n`).problems).not.toEqual([]);
    },
  );

  it('of many wrong files it names a few, one line each', () => {
    const many = Array.from({ length: 40 }, (_, index) => ({ path: `f${index}`, bytes: 7, sha256: a }));
    const { problems } = judged(many.map(({ path }) => `${b}  ${path}\n`).join(''), true, many);
    expect(problems).toHaveLength(4);
    expect(problems.at(-1)).toBe('37 more like these');
  });
});

describe('whether a backup counts as copied', () => {
  const mark = (copied: object | undefined) =>
    readMarks(JSON.stringify({ verified: null, pinned: null, ...(copied === undefined ? {} : { copied }) }));
  const at = '2026-11-23T02:00:00.000Z';
  it.each<[string, object | undefined, boolean]>([
    ['no mark', undefined, false],
    ['nothing but an exit code', { at, checkedAt: at, how: 'exit-code', problems: [] }, false],
    ['sizes', { at, checkedAt: at, how: 'size', problems: [] }, true],
    ['sums', { at, checkedAt: at, how: 'sum', problems: [] }, true],
    ['sums that differ', { at, checkedAt: at, how: 'sum', problems: ['x'] }, false],
    ['brought back', { at: null, checkedAt: at, how: 'restored', problems: [] }, true],
    ['a mark of another making', { at, how: 'sum' }, false],
  ])('%s: %s', (_, copied, expected) => expect(hasVerifiedCopy({ marks: mark(copied) })).toBe(expected));
});
