import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { publishFolder } from '../../src/sandbox/publishFolder.ts';

let top: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'tv-publish-'));
});
afterEach(() => rmSync(top, { recursive: true }));

const fillWith = (text: string) => async (draft: string) => {
  writeFileSync(join(draft, 'file'), text);
  return undefined;
};

it('the first one gets the name; a later one leaves it alone, and no draft', async () => {
  const path = join(top, 'below', 'folder');
  await publishFolder(path, fillWith('first'));
  await publishFolder(path, fillWith('second'));
  expect(readFileSync(join(path, 'file'), 'utf8')).toBe('first');
  expect(readdirSync(join(top, 'below'))).toEqual(['folder']);
});

it('a fill that fails → its error, and nothing is left', async () => {
  const fill = async () => {
    throw new Error('no space');
  };
  await expect(publishFolder(join(top, 'folder'), fill)).rejects.toThrow('no space');
  expect(readdirSync(top)).toEqual([]);
});
