import { describe, expect, it } from 'vitest';
import { renamedUrl } from '../../src/database/parseDatabaseUrl.ts';
import { environmentText, withoutBeside } from '../../src/host/besideUnit.ts';

describe('renamedUrl', () => {
  const to = { name: 'copy_1', applicationName: 'second' };
  it.each([
    ['postgresql://u:p@h:5432/live', 'postgresql://u:p@h:5432/copy_1?application_name=second'],
    ['postgresql+asyncpg://u:p@h/live', 'postgresql+asyncpg://u:p@h/copy_1?application_name=second'],
    // The password may hold the name, a slash and a question mark.
    ['postgres://u:a/live?b@h/live', 'postgres://u:a/live?b@h/copy_1?application_name=second'],
    [
      'postgres://u@h/live?sslmode=require&sslrootcert=/etc/live',
      'postgres://u@h/copy_1?sslmode=require&sslrootcert=/etc/live&application_name=second',
    ],
    ['postgres://u@h/live?application_name=first', 'postgres://u@h/copy_1?application_name=second'],
    ['postgres://u@h?dbname=live', 'postgres://u@h/copy_1?application_name=second'],
  ])('%s', (url, expected) => {
    expect(renamedUrl(url, to)).toBe(expected);
  });
});

describe('the environment of a second instance', () => {
  it('escapes what systemd reads in double quotes', () => {
    expect(environmentText({ A: 'plain', B: `q"b\\s$d\`t'e #%` })).toBe(
      'A="plain"\nB="q\\"b\\\\s\\$d\\`t\'e #%"\n',
    );
  });

  it('a line break → refused, since it would begin another variable', () => {
    expect(() => environmentText({ A: 'x\nB=y' })).toThrow(/line break/);
  });

  it('does not count as a second indexer of the unit; any other does', () => {
    const of = (unit: string | undefined) => ({ unit });
    const all = [of('x.service'), of('x-beside.service'), of('y-beside.service'), of(undefined)];
    expect(withoutBeside(all, 'x')).toEqual([of('x.service'), of('y-beside.service'), of(undefined)]);
  });
});
