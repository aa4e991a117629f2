import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const script = 'scripts/compile-contracts.mjs';
const contracts = 'src/sandbox/contracts';

const check = (cwd: string) => execa('node', [script, '--check'], { cwd, reject: false });

describe('the committed artifacts', () => {
  let copy: string;

  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'tv-contracts-'));
    mkdirSync(join(copy, 'scripts'));
    cpSync(join(root, script), join(copy, script));
    cpSync(join(root, contracts), join(copy, contracts), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  });

  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  it('are what the sources compile to', async () => {
    const { exitCode, stdout, stderr } = await check(root);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^12 artifacts/);
  });

  it('are told apart from anything else, by name', async () => {
    appendFileSync(join(copy, contracts, 'artifacts/shared/Batch.ts'), ' ');
    appendFileSync(join(copy, contracts, 'artifacts/shared/Gone.ts'), ' ');
    const { exitCode, stderr } = await check(copy);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('shared/Gone.ts, shared/Batch.ts');
    expect(stderr).toContain('npm run contracts');
  });
});
