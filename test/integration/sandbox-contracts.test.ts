import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const script = 'scripts/contracts.ts';
const contracts = 'src/sandbox/contracts';

describe('the artifacts of the contracts', () => {
  let copy: string;
  const compile = async () => (await execa('node', [script], { cwd: copy })).stdout;
  const artifact = () => join(copy, contracts, 'artifacts/shared/Batch.ts');

  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'tv-contracts-'));
    mkdirSync(join(copy, 'scripts'));
    cpSync(join(root, script), join(copy, script));
    cpSync(join(root, contracts), join(copy, contracts), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    rmSync(join(copy, contracts, 'artifacts'), { recursive: true });
  });

  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  it('missing → compiled from the sources, the same as those in use', async () => {
    expect(await compile()).toBe('12 artifacts written.');
    const inUse = readFileSync(join(root, contracts, 'artifacts/shared/Batch.ts'), 'utf8');
    expect(readFileSync(artifact(), 'utf8')).toBe(inUse);
  });

  it('up to date → nothing is compiled', async () => {
    writeFileSync(artifact(), 'untouched');
    expect(await compile()).toBe('0 artifacts written.');
    expect(readFileSync(artifact(), 'utf8')).toBe('untouched');
  });

  it('one of them is gone → compiled again', async () => {
    rmSync(artifact());
    expect(await compile()).toBe('12 artifacts written.');
    expect(await compile()).toBe('0 artifacts written.');
  });

  it('a source has changed → compiled again', async () => {
    appendFileSync(join(copy, contracts, 'shared/Batch.sol'), '\n// changed\n');
    expect(await compile()).toBe('12 artifacts written.');
  });
});
