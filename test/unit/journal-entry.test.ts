import { describe, expect, it } from 'vitest';
import { parseUnitEntry } from '../../src/host/journal/entry.ts';
import { isError, levelOf } from '../../src/host/journal/levels.ts';
import { journalObstacle } from '../../src/host/journal/obstacle.ts';

const units = ['tempovault-api', 'tempovault-indexer.service'];
const time = { __REALTIME_TIMESTAMP: '1795475423556696' };
const parse = (fields: object) => parseUnitEntry(JSON.stringify({ ...time, ...fields }), units);
const messageOf = (message: unknown) => parse({ MESSAGE: message })?.message;

describe('an entry of journalctl -o json', () => {
  it('has time, unit, process, priority and place', () => {
    const line = {
      __CURSOR: 's=1a;i=2b;b=3c;m=4d;t=5e;x=6f',
      _SYSTEMD_UNIT: 'tempovault-api.service',
      _PID: '71',
      PRIORITY: '3',
      MESSAGE: 'no',
    };
    expect(parse(line)).toEqual({
      at: new Date('2026-11-23T23:10:23.556Z'),
      message: 'no',
      priority: 3,
      unit: 'tempovault-api',
      pid: 71,
      cursor: 's=1a;i=2b;b=3c;m=4d;t=5e;x=6f',
    });
  });

  const exited = '98e322203f7a4ed290d09fe03c09fe15';
  const about = { _SYSTEMD_UNIT: 'init.scope', UNIT: 'tempovault-api.service' };
  it.each<[string, object, string | undefined]>([
    ['a start', { ...about, MESSAGE_ID: '39f53479d3a045ac8e11786248231fbf' }, 'started'],
    ['an end', { ...about, MESSAGE_ID: exited, MESSAGE: 'x: Main process exited, code=killed' }, 'exited'],
    [
      'the end of a preparation, which is none of the service',
      { ...about, MESSAGE_ID: exited, MESSAGE: 'x: Control process exited, code=exited' },
      undefined,
    ],
    [
      'an entry of the service itself with the id of systemd',
      { _SYSTEMD_UNIT: 'tempovault-api.service', MESSAGE_ID: exited, MESSAGE: 'Main process exited' },
      undefined,
    ],
    ['another id', { ...about, MESSAGE_ID: 'constructor' }, undefined],
  ])('event of the unit: %s', (_, fields, event) => {
    expect(parse(fields)).toMatchObject({ unit: 'tempovault-api' });
    expect(parse(fields)?.event).toBe(event);
  });

  it.each([
    [
      'of systemd about the unit',
      { _SYSTEMD_UNIT: 'init.scope', UNIT: 'tempovault-api.service' },
      'tempovault-api',
    ],
    ['of coredumpd about it', { COREDUMP_UNIT: 'tempovault-indexer.service' }, 'tempovault-indexer.service'],
    ['of another unit', { _SYSTEMD_UNIT: 'cron.service' }, ''],
    ['of a name that only begins alike', { _SYSTEMD_UNIT: 'tempovault-api2.service' }, ''],
    ['with a unit that is no text', { _SYSTEMD_UNIT: ['tempovault-api.service'] }, ''],
  ])('%s', (_, fields, unit) => {
    expect(parse(fields)?.unit).toBe(unit);
  });

  it.each([
    ['text', 'one', 'one'],
    ['bytes that are no UTF-8', [98, 97, 100, 255], 'bad\uFFFD'],
    ['several fields', ['one', 'two', [51]], 'one\ntwo\n3'],
    ['null', null, ''],
    ['absent', undefined, ''],
    ['a number', 7, ''],
    ['colours', '\u001b[32mINFO\u001b[0m:     up', 'INFO:     up'],
    ['what steers a terminal', '\u001b[2J\u009bH\u202eevil\u0000', '\\u{1b}[2J\\u{9b}H\\u{202e}evil\\u{0}'],
    ['a carriage return that would overwrite the line', 'bad\rgood', 'bad good'],
    ['a database URL', 'DB postgresql://tv:p@ss@db/x', 'DB postgresql://***@db/x'],
    ['credentials in any scheme', 'redis://:pw@r amqp+ssl://u:p@q', 'redis://***@r amqp+ssl://***@q'],
    ['an API key in a URL', 'https://rpc.example/v1/0123456789abcdef', 'https://rpc.example/v1/***'],
  ])('message: %s', (_, message, shown) => {
    expect(messageOf(message)).toBe(shown);
  });

  it('huge line → cut, and a password that the cut would halve is left out', () => {
    expect(messageOf('x'.repeat(1_000_000))).toHaveLength(4_000);
    const url = (pad: number) => `${' '.repeat(pad)}postgresql://tv:${'hunter2'.repeat(2_000)}@db`;
    for (const pad of [0, 3_980, 3_999, 7_980]) expect(messageOf(url(pad))).not.toContain('hunter2');
  });

  it('thousands of lines → the first and the last ones, and how many are left out', () => {
    const lines = Array.from({ length: 5_000 }, (_, index) => `line ${index}`);
    const shown = messageOf(lines.join('\n'))?.split('\n') ?? [];
    expect([shown.length, shown[0], shown[200], shown.at(-1)]).toEqual([
      401,
      'line 0',
      '… 4600 lines left out …',
      'line 4999',
    ]);
  });

  it.each([
    ['no JSON', '-- Boot 34799ef89149465e9d8a810d3510ebe6 --'],
    ['torn', '{"MESSAGE":"to'],
    ['no object', '[1]'],
    ['without a time', '{"MESSAGE":"x"}'],
    ['with a time that no calendar has', '{"__REALTIME_TIMESTAMP":"99999999999999999999999"}'],
  ])('%s → none', (_, line) => {
    expect(parseUnitEntry(line, units)).toBeUndefined();
  });

  it('cursor with characters that do not belong there → not used', () => {
    expect(parse({ __CURSOR: 's=1 --file=/etc/shadow' })?.cursor).toBeUndefined();
  });
});

describe('how severe', () => {
  it.each([
    [3, 'no luck', 'error', true],
    [0, 'panic', 'critical', true],
    [6, '2026-11-23 03:12:00,123 - relay - ERROR - no luck', 'error', true],
    [6, 'ERROR:root:no luck', 'error', true],
    [6, 'CRITICAL: out of funds', 'critical', true],
    [6, 'Error processing block 7: 429', 'error', true],
    [6, "web3.exceptions.TransactionNotFound: '0x'", 'error', true],
    [6, 'an error came up while sleeping', 'info', true],
    [6, 'psycopg2: FATAL: password authentication failed', 'critical', true],
    [6, 'WARNING:  slow', 'warning', false],
    [4, 'INFO: fine', 'warning', false],
    [6, 'INFO:     Application startup complete.', 'info', false],
    [6, 'DEBUG: x', 'debug', false],
    [6, 'Oracle signal accepted. Nonce: 41', 'info', false],
    [9, 'out of range', 'info', false],
  ] as const)('priority %i, "%s" → %s, error: %s', (priority, message, level, error) => {
    expect(levelOf({ message, priority })).toBe(level);
    expect(isError({ message, level })).toBe(error);
  });
});

describe('what journalctl said besides', () => {
  const hint =
    "Hint: You are currently not seeing messages from other users and the system.\n      Users in groups 'adm', 'systemd-journal' can see all messages.\n      Pass -q to turn off this notice.\n";
  it.each([
    ['nothing', 0, '', undefined],
    ['no files', 0, 'No journal files were found.\n', 'No journal files were found.'],
    [
      'no permission for any file',
      0,
      'No journal files were opened due to insufficient permissions.\n',
      'No journal files were opened due to insufficient permissions.',
    ],
    [
      'only own messages',
      0,
      hint,
      'Hint: You are currently not seeing messages from other users and the system.',
    ],
    [
      'a damaged file',
      0,
      'Journal file /var/log/journal/1/system.journal is truncated, ignoring file.\n',
      'Journal file /var/log/journal/1/system.journal is truncated, ignoring file.',
    ],
    ['a failure', 1, 'Failed to open journal: \u001b[2J\n', 'Failed to open journal: \\u{1b}[2J'],
    ['a failure without a word', 1, '', 'journalctl ended with exit code 1'],
  ])('%s', (_, exitCode, stderr, reason) => {
    expect(journalObstacle({ exitCode, stdout: '', stderr })).toBe(reason);
  });
});
