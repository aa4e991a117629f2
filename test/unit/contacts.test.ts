import { expect, it } from 'vitest';
import contacts from '../../runbooks/contacts.ts';
import { readValue } from '../../src/config/keys.ts';
import type { ToolContext } from '../../src/runbook/define.ts';
import { plainPaint } from '../support/paint.ts';

const show = async (of: Readonly<Record<string, readonly string[]>>) => {
  const all = { level1: [], level2: [], level3: [], security: [], ...of };
  const ctx = { settings: { environment: 'production', contacts: all } } as unknown as ToolContext;
  return contacts.render(await contacts.collect(ctx, {}), plainPaint(60), {});
};

it('each level with what it does, and whom to call', async () => {
  const text = await show({
    level1: ['DevOps, +1 555 0100', 'pager 7'],
    level2: ['Backend'],
    level3: ['Contracts'],
    security: ['security@example.org'],
  });
  expect(text).toMatch(/Level 1 · on-call\n.*\n.*\n {4}DevOps, \+1 555 0100\n {4}pager 7\n/);
  expect(text).toMatch(/Security\n[\s\S]*security@example\.org\n$/);
  expect(text).not.toContain('Next:');
  expect(text.split('\n').filter((line) => line.length > 60)).toEqual([]);
});

it('a level without a contact says so, and where it is to be written', async () => {
  const text = await show({ level1: ['DevOps'], security: ['s@example.org'] });
  expect(text.match(/no contact in the settings/g)).toHaveLength(2);
  expect(text.replaceAll(/\s+/g, ' ')).toContain(
    'Next: write contacts.level2, contacts.level3 into the configuration file',
  );
});

it.each([
  ['a list', ['Anna, +1 555 0100'], ['Anna, +1 555 0100']],
  ['nothing in it', [''], undefined],
  ['a character that steers a terminal', ['Anna\u001b[2J'], undefined],
  ['far too long', ['a'.repeat(121)], undefined],
])('the setting: %s', (_, raw, value) => {
  expect(readValue('contacts.level1', raw)).toEqual(value);
});
