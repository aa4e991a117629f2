import { describe, expect, it } from 'vitest';
import { SourceReader } from '../../src/observe/sourceReader.ts';
import { monitor } from '../../src/observe/sources/monitor.ts';
import type { CommandOutput, Context } from '../../src/runbook/context.ts';

const id = 'b7e0f1c2d3a4';
const at = '2026-11-23T03:11:50.000Z';
const now = new Date('2026-11-23T03:12:00.000Z');
const ok = (stdout: string): CommandOutput => ({ exitCode: 0, stdout, stderr: '' });
const no = (exitCode: number, stderr: string): CommandOutput => ({ exitCode, stdout: '', stderr });
const http = (status: number, body: unknown) => ok(`HTTP/1.1 ${status} X\r\n\r\n${JSON.stringify(body)}`);

const running = {
  LoadState: 'loaded',
  ActiveState: 'active',
  SubState: 'running',
  UnitFileState: 'enabled',
  InvocationID: id,
  ActiveEnterTimestamp: 'Mon 2026-11-23 01:00:00 UTC',
  Description: 'TempoVault: monitor (production)',
  ExecStart:
    '{ path=/usr/local/bin/tv ; argv[]=/usr/local/bin/tv -e production monitor --serve 127.0.0.1:9500 --every 15s ; ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }',
};

/** As the Debian package leaves it. */
const offered = {
  FragmentPath: '/lib/systemd/system/tempovault-monitor.service',
  ...{ UnitFileState: 'disabled', ActiveState: 'inactive', SubState: 'dead' },
};

function look(unit: Readonly<Record<string, string>>, health?: CommandOutput) {
  const asked: string[] = [];
  const run = async (command: readonly string[]): Promise<CommandOutput> => {
    asked.push(command.join(' '));
    if (command[0] === 'systemctl') {
      return ok(
        Object.entries(unit)
          .map(([name, value]) => `${name}=${value}\n`)
          .join(''),
      );
    }
    if (command.some((word) => word.endsWith('/health')) && health !== undefined) return health;
    throw new Error(`unforeseen: ${command.join(' ')}`);
  };
  const ctx = {
    host: () => ({ prefix: [], run }),
    settings: { environment: 'production', monitor: { limitMs: 2_500 } },
  } as unknown as Context;
  return { look: new SourceReader(ctx), asked };
}

async function said(unit: Readonly<Record<string, string>>, health?: CommandOutput) {
  const value = await monitor.read(look(unit, health).look);
  return monitor.describe(value, now);
}

describe('the installed monitor', () => {
  it.each<[string, Readonly<Record<string, string>>, CommandOutput | undefined, string | undefined]>([
    ['looks', running, http(200, { lastLook: at, invocation: id }), 'last check 10 s ago'],
    [
      'is not installed → nothing is said of it',
      { ...running, LoadState: 'not-found' },
      undefined,
      undefined,
    ],
    [
      'is only offered by a package → nothing is said of it',
      { ...running, ...offered },
      undefined,
      undefined,
    ],
    [
      'is of a package, was enabled, and does not run',
      { ...running, ...offered, UnitFileState: 'enabled' },
      undefined,
      'inactive (dead)',
    ],
    [
      'monitors another environment → nothing is said of it',
      { ...running, Description: 'TempoVault: monitor (staging)' },
      undefined,
      undefined,
    ],
    [
      'has failed → it is not asked',
      { ...running, ActiveState: 'failed', SubState: 'failed' },
      undefined,
      'failed (failed)',
    ],
    [
      'last check too long ago',
      running,
      http(503, { lastLook: at, invocation: id }),
      'active; its last check is too old',
    ],
    [
      'does not listen',
      running,
      no(7, 'curl: (7) Failed to connect: Connection refused\n'),
      'active; nothing listens there yet',
    ],
    [
      'is held by SIGSTOP → it accepts the connection and says nothing',
      running,
      no(28, 'curl: (28) Operation timed out after 1500 milliseconds with 0 bytes received\n'),
      'active; no HTTP answer: (28) Operation timed out after 1500 milliseconds with 0 bytes received',
    ],
    [
      'is not what answers at its address',
      running,
      http(200, { lastLook: at, invocation: 'another' }),
      'active; another monitor answers there',
    ],
    [
      'cannot be asked without curl → unknown',
      running,
      no(20, ''),
      'active; its last check is unknown: curl is not installed on the host',
    ],
    [
      'has a command without --serve → unknown',
      { ...running, ExecStart: '{ path=/usr/local/bin/tv ; argv[]=/usr/local/bin/tv monitor --watch ; }' },
      undefined,
      'active; its last check is unknown: the command of its unit has no --serve',
    ],
  ])('%s', async (_, unit, health, expected) => {
    expect(await said(unit, health)).toBe(expected);
  });

  it('is asked at the address of its command, within the limit of a source', async () => {
    const { look: at, asked } = look(running, http(200, {}));
    await monitor.read(at);
    const request = asked.find((line) => line.includes('/health'));
    expect(request).toContain('http://127.0.0.1:9500/health');
    expect(request).toContain(' 1.5 ');
  });
});
