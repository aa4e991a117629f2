import { expect, it } from 'vitest';
import { findCommand } from '../../src/cli/words.ts';
import { registry } from '../../src/registry.generated.ts';
import { originalRunbook } from '../support/originalRunbook.ts';
import { refusalOf } from '../support/refusalOf.ts';

const lines = Object.values(originalRunbook).flat();

it('every line of the original runbook has a command of tv, which its parser takes', async () => {
  const problems = await Promise.all(
    lines.map(async ({ line, covered }) => {
      const refusals = await Promise.all(covered.map(async (command) => refusalOf(command.split(' '))));
      const [refusal] = refusals.filter((each) => each !== undefined);
      return covered.length === 0 || refusal !== undefined ? [`${line}: ${covered.join()}: ${refusal}`] : [];
    }),
  );
  expect(problems.flat()).toEqual([]);
  // Its ten sections, and the text before and after them.
  expect(Object.keys(originalRunbook)).toHaveLength(14);
  expect(lines.length).toBe(145);
});

it('every command for one of its sections covers a line of it', () => {
  // Steps that the original lacks: to check the state, and to undo.
  const added = [
    'db backups',
    'db copy',
    'db pin',
    'db unpin',
    'db schedule show',
    'db schedule remove',
    'monitor remove',
    'incident note',
  ];
  const used = new Set(
    lines.flatMap(({ covered }) =>
      covered.map((command) => findCommand(registry, command.split(' ')).entry?.command),
    ),
  );
  const unused = registry
    .filter(({ command, section }) => /^\d/.test(section) && !used.has(command) && !added.includes(command))
    .map(({ command }) => command);
  expect(unused).toEqual([]);
});
