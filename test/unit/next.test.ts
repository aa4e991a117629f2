import { describe, expect, it } from 'vitest';
import { shelf } from '../../runbooks/index.ts';
import { asTyped, renderNext } from '../../src/runbook/next.ts';
import { plainPaint } from '../support/paint.ts';

describe('a command under Next', () => {
  it.each([
    ['tv resume 20261123', 'tv -e drill resume 20261123'],
    ['once it is due: tv oracle revoke-old --now', 'once it is due: tv -e drill oracle revoke-old --now'],
    ['see which is set: tv config show', 'see which is set: tv -e drill config show'],
    ['tv -e other status', 'tv -e other status'],
    ['run tv as root', 'run tv as root'],
    ['set RPC_URL, or: tv config init', 'set RPC_URL, or: tv config init'],
    ['tv --help', 'tv --help'],
  ])('names the environment: %s', (line, typed) => {
    expect(asTyped(line, 'drill')).toBe(typed);
    expect(asTyped(line, undefined)).toBe(line);
  });

  it('does so for every command but those that work on none', () => {
    const other = shelf
      .map(({ command }) => command)
      .filter((command) => asTyped(`tv ${command}`, 'drill') !== `tv -e drill ${command}`);
    expect(other.filter((command) => !command.startsWith('sandbox '))).toEqual(['config init', 'completion']);
  });
});

describe('Next on a narrow terminal', () => {
  it('wraps the condition, and leaves a command on one line to be pasted', () => {
    const command = `tv runs report 20261127-032311-db-restore-6957`;
    const drill = { ...plainPaint(60), environment: 'drill' };
    expect(renderNext([command, `once whatever has stopped it is gone: ${command}`], drill)).toBe(
      [
        'Next: tv -e drill runs report 20261127-032311-db-restore-6957',
        '      once whatever has stopped it is gone:',
        '      tv -e drill runs report 20261127-032311-db-restore-6957',
      ].join('\n'),
    );
  });
});
