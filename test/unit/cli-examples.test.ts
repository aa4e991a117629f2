import { describe, expect, it } from 'vitest';
import { commandHelp, parse } from '../../src/cli/parse.ts';
import { findCommand } from '../../src/cli/words.ts';
import { describeProcedure } from '../../src/operations/documents/runbookDocument.ts';
import { registry } from '../../src/registry.generated.ts';
import { wordsInBash } from '../support/wordsInBash.ts';

const commands = await Promise.all(
  registry.map(async (entry) => ({ entry, command: (await entry.load()).default })),
);
const examples = commands.flatMap(({ entry, command }) =>
  (command.examples ?? []).map((example) => ({ entry, command, ...example })),
);

/** What only an operator knows. An exported runbook holds no address that anything could be sent to. */
const placeholders = {
  RECIPIENT_ADDRESS: '0x70997970c51812dc3a010c7d01b50e0d17dc79c8',
  ACCOUNT_ADDRESS: '0x70997970c51812dc3a010c7d01b50e0d17dc79c8',
  TX_HASH: '0x5c504ed432cb51138bcf09aa5e8a410dd4a1e204ef84bfed1be16dfba1b22060',
};

describe('examples', () => {
  it('every command has one', () => {
    const without = commands.filter(({ command }) => (command.examples ?? []).length === 0);
    expect(without.map(({ entry }) => entry.command)).toEqual([]);
  });

  it('each is a call of its own command, as a shell reads it, that the parser and every schema take', () => {
    const calls = wordsInBash(
      examples.map(({ line }) => line),
      placeholders,
    );
    expect(calls).toHaveLength(examples.length);
    const refused = examples.flatMap(({ entry, command, line }, index) => {
      const { entry: called, rest } = findCommand(registry, calls[index] ?? []);
      if (called !== entry) return [`${line}: is a call of ${called?.command ?? 'nothing'}`];
      try {
        parse(entry, command, rest);
        return [];
      } catch (error) {
        return [`${line}: ${(error as Error).message}`];
      }
    });
    expect(refused).toEqual([]);
  });

  it('none is there twice, and what it is for fits on a line', () => {
    const lines = examples.map(({ line }) => line);
    expect(new Set(lines).size).toBe(lines.length);
    expect(examples.filter(({ what }) => what.length > 66 || what.endsWith('.'))).toEqual([]);
  });

  it('the help of a command and its chapter of the runbook end in them, whole at any width', () => {
    for (const { entry, command, what, line } of examples) {
      // What it is for may take two lines of a comment; the call takes one.
      const help = commandHelp(entry, command, 60).replaceAll(/(?<=\n {2}# .*)\n {2}# /g, ' ');
      expect(help).toContain(`\n  # ${what}\n  ${line}\n`);
      expect(describeProcedure(entry, command)).toContain(`\n# ${what}\n${line}\n`);
    }
  });
});
