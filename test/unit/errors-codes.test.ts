import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { codes } from '../../src/errors/codes.ts';

const sources = globSync('{src,runbooks}/**/*.ts')
  .filter((file) => file !== 'src/errors/codes.ts')
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n');

describe('codes of errors', () => {
  it.each(Object.entries(codes))('%s: well formed, explained in a sentence, and used', (code, entry) => {
    expect(code).toMatch(/^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*$/);
    for (const text of Object.values(entry)) expect(text).toMatch(/^\S.{9,150}\.$/);
    expect(sources.includes(`'${code}'`)).toBe(true);
  });

  it('each area is in one place of the table', () => {
    const areas = Object.keys(codes).map((code) => code.split('.')[0]);
    const starts = areas.filter((area, index) => area !== areas[index - 1]);
    expect(starts).toEqual([...new Set(starts)]);
  });
});
