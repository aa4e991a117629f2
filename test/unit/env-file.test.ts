// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the references of .env files
import { describe, expect, it } from 'vitest';
import { setEnvValue, unsetEnvValue } from '../../src/host/editEnvFile.ts';
import { parseEnvFile, readEnvValue } from '../../src/host/envFile.ts';

function read(text: string) {
  return Object.fromEntries(parseEnvFile(text).map(({ key, value }) => [key, value]));
}

describe('parseEnvFile', () => {
  it.each([
    ['plain', 'A=1', '1'],
    ['empty', 'A=', ''],
    ['spaces around', '  A = 1  ', '1'],
    ['export', 'export  A=1', '1'],
    ['single quotes', "A='x # y'", 'x # y'],
    ['double quotes', 'A="x # y"', 'x # y'],
    ['escapes in double quotes', String.raw`A="a\nb\t\"c\" \\ $"`, 'a\nb\t"c" \\ $'],
    ['escapes in single quotes', String.raw`A='a\nb\'c'`, String.raw`a\nb'c`],
    ['comment behind a value', 'A=x # note', 'x'],
    ['comment behind quotes', 'A="x"# note', 'x'],
    ['comment instead of a value', 'A= # note', ''],
    ['hash inside a value', 'A=x#y', 'x#y'],
    ['hash as the value', 'A=#y', '#y'],
    ['quotes inside a value', `A=it's "so"`, `it's "so"`],
    ['equals signs', 'A=postgres://u:p@h/db?x=y&z=1', 'postgres://u:p@h/db?x=y&z=1'],
    ['byte order mark', '\uFEFFA=1\n', '1'],
    ['Windows line ends', 'A=1\r\nB=2\r\n', '1'],
    ['several lines', 'A="x\ny"\n', 'x\ny'],
  ])('%s', (_, text, value) => {
    expect(readEnvValue(text, 'A')).toBe(value);
  });

  it.each([
    ['an earlier value', 'P=s3cret\nA=pg://u:${P}@h\n', 'pg://u:s3cret@h', []],
    ['in any quotes', `P=x\nA='\${P}' # note`, 'x', []],
    ['a default', 'A=${P:-fallback}', 'fallback', []],
    ['a set value before its default', 'P=x\nA=${P:-fallback}', 'x', []],
    ['a value that is itself made of one', 'X=1\nP=${X}2\nA=${P}3', '123', []],
    ['the last of two earlier ones', 'P=1\nP=2\nA=${P}', '2', []],
    ['a later value, which a program does not see', 'A=${P}\nP=x', '${P}', ['P']],
    ['a name that only the environment may hold', 'A=x/${KEY}/y', 'x/${KEY}/y', ['KEY']],
    ['a dollar without braces stays', 'P=x\nA=$P', '$P', []],
  ])('${NAME}: %s', (_, text, value, unresolved) => {
    const entry = parseEnvFile(text).findLast(({ key }) => key === 'A');
    expect(entry).toMatchObject({ value, unresolved });
  });

  it.each([
    ['plain lines', (n: number) => `KEY_${n}=value of ${n}`],
    ['open single quotes', (n: number) => `KEY_${n}='open`],
    ['open double quotes behind an escape', (n: number) => `KEY_${n}="open \\"`],
    ['comments with quotes', (n: number) => `# it's number "${n}`],
  ])('reads and edits 20 000 lines without going over them again and again: %s', (_, line) => {
    // No clock of its own, which would measure the machine. The quadratic way took minutes, which is over
    // the time limit of every test.
    const text = `${Array.from({ length: 20_000 }, (__, n) => line(n)).join('\n')}\nSTART_BLOCK=1\n`;
    const entry = parseEnvFile(text).findLast(({ key }) => key === 'START_BLOCK');
    if (entry !== undefined) {
      expect(entry.line).toBe(20_001);
      expect(setEnvValue(text, 'START_BLOCK', '2').endsWith('START_BLOCK=2\n')).toBe(true);
    }
  });

  it('passes over what is no assignment', () => {
    expect(read('# A=1\n\nB\n=3\nC=3\nD="x"y\nE="open\nF=6')).toEqual({ C: '3', F: '6' });
  });

  it('does not take a line inside quotes for an assignment', () => {
    expect(read('A="x\nB=1\n"\nC=2')).toEqual({ A: 'x\nB=1\n', C: '2' });
  });

  it('returns the position of each value', () => {
    const text = '# note\r\nA=1\r\nexport B = "two" # x\r\n';
    const [, b] = parseEnvFile(text);
    expect(b).toMatchObject({ line: 3, quote: '"', value: 'two' });
    expect(text.slice(b?.start, b?.end)).toBe('"two"');
    expect(text.slice(b?.keyStart)).toMatch(/^B = /);
  });

  it('reads the last of several, as programs do', () => {
    expect(readEnvValue('A=1\nA=2\n', 'A')).toBe('2');
    expect(readEnvValue('A=1\n', 'B')).toBeUndefined();
  });
});

describe('setEnvValue', () => {
  it('keeps ${NAME} in other lines as it is written, and refuses a change that would reach them', () => {
    const text = 'P=x\nURL=pg://${P}@h\nSTART_BLOCK=1\n';
    expect(setEnvValue(text, 'START_BLOCK', '2')).toBe(text.replace('=1', '=2'));
    expect(() => setEnvValue(text, 'P', 'y')).toThrow(
      expect.objectContaining({ code: 'env-file.ambiguous' }),
    );
    expect(() => setEnvValue(text, 'START_BLOCK', '${P}')).toThrow(
      expect.objectContaining({ code: 'env-file.unwritable-value' }),
    );
  });

  it.each([
    ['A=1\nB=2\n', 'A=9\nB=2\n'],
    ['export A = 1   # from here\r\n', 'export A = 9   # from here\r\n'],
    ["A='1' # note", "A='9' # note"],
    ['A="1"\n', 'A="9"\n'],
    ['A= # none yet\n', 'A=9 # none yet\n'],
    ['A=', 'A=9'],
    ['\uFEFFA=1\n', '\uFEFFA=9\n'],
    ['# A=1\nAA=1\nA=1\n', '# A=1\nAA=1\nA=9\n'],
    ['', 'A=9\n'],
    ['B=2\n\n', 'B=2\n\nA=9\n'],
    ['B=2\r\n', 'B=2\r\nA=9\r\n'],
    ['B=2', 'B=2\nA=9'],
  ])('%j', (before, after) => {
    expect(setEnvValue(before, 'A', '9')).toBe(after);
  });

  it.each([
    ['A=1', 'x y', "A='x y'"],
    ['A=1', "it's", `A="it's"`],
    ['A="1"', 'a"b\\c', String.raw`A="a\"b\\c"`],
    ["A='1'", "it's", `A="it's"`],
    ['A=1', 'a#b', "A='a#b'"],
    ['A=1', '', 'A='],
  ])('quotes %j → %j as it needs to', (before, value, after) => {
    expect(setEnvValue(before, 'A', value)).toBe(after);
    expect(readEnvValue(after, 'A')).toBe(value);
  });

  it('refuses a key that is there twice, and names the lines', () => {
    expect(() => setEnvValue('A=1\nB=2\nexport A=3\n', 'A', '9')).toThrow(
      expect.objectContaining({
        code: 'env-file.ambiguous',
        facts: { lines: '1, 3' },
      }),
    );
  });

  it.each([
    ['a quote that is not closed', 'A="1\nB=2\n', 1],
    ['something behind the quotes', 'B=2\nA="1"x\n', 2],
    ['the same name inside another value', 'A=1\nB="\nA=2\n"\n', 3],
  ])('refuses %s', (_, text, line) => {
    expect(() => setEnvValue(text, 'A', '9')).toThrow(`Line ${line} of the .env file sets A`);
    expect(() => unsetEnvValue(text, 'A')).toThrow(`Line ${line} of the .env file sets A`);
  });

  it('refuses to add behind an open quote that would swallow it', () => {
    const text = `B="open\nC='x"`;
    const changed = setEnvValue(text, 'A', '9');
    expect(read(changed)).toEqual({ ...read(text), A: '9' });
  });

  it('refuses values that programs read differently, and names that no program takes', () => {
    expect(() => setEnvValue('A=1', 'A', 'x\ny')).toThrow(
      expect.objectContaining({ code: 'env-file.unwritable-value' }),
    );
    expect(() => setEnvValue('A=1', 'A', 'x\\')).toThrow(
      expect.objectContaining({ code: 'env-file.unwritable-value' }),
    );
    expect(() => setEnvValue('A=1', 'A B', 'x')).toThrow(
      expect.objectContaining({ code: 'env-file.unwritable-value' }),
    );
  });
});

describe('unsetEnvValue', () => {
  it.each([
    ['A=1\nB=2\n', 'B=2\n'],
    ['B=2\r\n  export A = "1" # note\r\nC=3\r\n', 'B=2\r\nC=3\r\n'],
    ['\uFEFFA=1\nB=2\n', '\uFEFFB=2\n'],
    ['B=2\nA="x\ny"\nC=3', 'B=2\nC=3'],
    ['B=2\nA=1', 'B=2'],
    ['A=1', ''],
    ['B=2', 'B=2'],
  ])('%j', (before, after) => {
    expect(unsetEnvValue(before, 'A')).toBe(after);
  });
});
