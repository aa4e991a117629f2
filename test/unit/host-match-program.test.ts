import { describe, expect, it } from 'vitest';
import { matchProgram } from '../../src/host/matchProgram.ts';

const program = 'event_indexer';

describe('matchProgram', () => {
  it.each([
    [
      'python3 /home/tempovault/tempovault/event_indexer.py',
      'python3 /home/tempovault/tempovault/event_indexer.py',
    ],
    ['/srv/venv/bin/python -u event_indexer.py --key=0xsecret', '/srv/venv/bin/python event_indexer.py'],
    ['python3.11 -X dev -W ignore event_indexer.py', 'python3.11 event_indexer.py'],
    ['python -m tempovault.event_indexer --key x', 'python -m tempovault.event_indexer'],
    [
      'node --import ./otel.mjs --max-old-space-size=512 /x/event_indexer.js secret',
      'node /x/event_indexer.js',
    ],
    ['/usr/bin/node --enable-source-maps event_indexer.ts', '/usr/bin/node event_indexer.ts'],
    ['bun run event_indexer.ts', 'bun event_indexer.ts'],
    // As a standalone tv runs the services of a sandbox.
    ['/usr/bin/tv __run-file /x/event_indexer.js secret', '/usr/bin/tv /x/event_indexer.js'],
    ['/opt/event_indexer --password x', '/opt/event_indexer'],
    ['./event_indexer.py x', './event_indexer.py'],
  ])('%s', (line, command) => {
    expect(matchProgram(line.split(' '), program)).toBe(command);
  });

  it.each([
    'vim event_indexer.py',
    'tv __run-file /x/api_server.js event_indexer.js',
    'tail -f /var/log/event_indexer.log',
    'grep event_indexer',
    'journalctl -u tempovault-indexer',
    'less event_indexer.py',
    'sh -c python3 event_indexer.py',
    'sudo -n python3 event_indexer.py',
    'python3 -c import event_indexer',
    'python3 -m py_compile event_indexer.py',
    'python3 /usr/bin/pylint event_indexer.py',
    'python3 -W event_indexer.py other.py',
    'node -e require("./event_indexer.js")',
    'node other.js event_indexer.js',
    'python3 event_indexer_test.py',
    'python3 old_event_indexer.py',
    'python3 /x/event_indexer/main.py',
    'python3',
    '',
  ])('not: %s', (line) => {
    expect(matchProgram(line.split(' '), program)).toBeUndefined();
  });

  it('takes a path with a space for one word', () => {
    expect(matchProgram(['python3', '/srv/my code/event_indexer.py', '-v'], program)).toBe(
      'python3 /srv/my code/event_indexer.py',
    );
  });
});
