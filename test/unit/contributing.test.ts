import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import type { Report } from '../../src/runbook/define.ts';
import { plainPaint } from '../support/paint.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const text = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');

it('the command of CONTRIBUTING, as it is printed → reads the head of a chain', async () => {
  const [, example = ''] = /```ts\n([\s\S]+?)```/.exec(text) ?? [];
  const folder = await mkdtemp(join(tmpdir(), 'tv-contributing-'));
  try {
    const file = join(folder, 'head.ts');
    writeFileSync(file, example.replaceAll("'../../src/", `'${root}src/`));
    const command: Report = (await import(pathToFileURL(file).href)).default;
    const block = { number: '0x2a', timestamp: '0x65f00000', hash: `0x${'ab'.repeat(32)}` };
    const chain = () => ({ client: { request: async () => block } });
    const data = await command.collect({ chain } as never, {});
    expect(command.render(data, plainPaint(80), {})).toMatch(/^block 42, \d+d \d+h ago\n$/);
    expect(command.summary).toMatch(/^[A-Z][^.]{1,59}$/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('every file that CONTRIBUTING links to is there', () => {
  const linked = [...text.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path = '']) => path);
  expect(linked.length).toBeGreaterThan(2);
  expect(linked.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});
