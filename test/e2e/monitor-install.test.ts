import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../../src/sandbox/machine/freePorts.ts';
import { systemdObstacle } from '../../src/sandbox/machine/systemdObstacle.ts';
import { until } from '../../src/sandbox/machine/until.ts';
import { sandboxPaths } from '../../src/sandbox/paths.ts';
import { httpServer } from '../support/rpcServer.ts';
import { startSandbox, type TestSandbox } from '../support/sandbox.ts';
import { throughKills } from '../support/throughKills.ts';

const obstacle = await systemdObstacle();
const unit = 'tempovault-monitor.service';
const path = `/etc/systemd/system/${unit}`;
const wanted = `/etc/systemd/system/multi-user.target.wants/${unit}`;
const secret = 'T0K3N-4c1d9e77a0b2';

describe.skipIf(obstacle !== undefined)('tv monitor install', { timeout: 120_000 }, () => {
  let sandbox: TestSandbox;
  let serve: string;
  let webhookFile: string;
  let hook: Awaited<ReturnType<typeof httpServer>>;
  const bodies: string[] = [];
  beforeAll(async () => {
    sandbox = await startSandbox({ network: 'plain' });
    serve = `127.0.0.1:${(await freePorts(1))[0]}`;
    hook = await httpServer((response, body) => {
      bodies.push(body);
      response.end();
    });
    webhookFile = join(sandbox.env['TV_STATE_DIR'] ?? '', 'webhook');
    await inside(`umask 077; printf '%s\\n' '${hook.url}/services/${secret}' >'${webhookFile}'`);
    // Something fires from the first check on.
    await sandbox.systemctl('stop', 'tempovault-oracle');
  }, 180_000);
  afterAll(async () => {
    await hook?.[Symbol.asyncDispose]();
    await sandbox?.stop();
  });

  const inside = (script: string) => sandbox.inside('sh', '-c', script);
  const install = (...more: readonly string[]) =>
    sandbox.tv(['monitor', 'install', '--yes', '--serve', serve, '--every', '1s', ...more]);
  const remove = (...more: readonly string[]) => sandbox.tv(['monitor', 'remove', '--yes', ...more]);
  const health = async () => {
    const answer = await fetch(`http://${serve}/health`);
    return { http: answer.status, ...((await answer.json()) as { readonly invocation: string }) };
  };
  const shown = async (name: string) =>
    (await sandbox.systemctl('show', '--value', '-p', name, unit)).stdout.trim();
  /** File, link and state of the unit. */
  const unitWorld = async () => [
    (await inside(`cat ${path} 2>&1; test -L ${wanted} && echo enabled`)).stdout,
    await shown('LoadState'),
    await shown('ActiveState'),
  ];
  /** Undoes the run that was begun last. */
  const undo = async () => {
    const { stdout } = await sandbox.tv(['runs', 'list', '--json']);
    const [run] = (JSON.parse(stdout) as { runs: { run: string }[] }).runs;
    return sandbox.tv(['runs', 'undo', run?.run ?? '', '--yes']);
  };
  const gone = [expect.stringContaining('No such file'), 'not-found', 'inactive'];

  it('asks, changes nothing by a dry run, and refuses a port that is taken', async () => {
    expect((await sandbox.tv(['monitor', 'install'])).exitCode).toBe(4);
    const { exitCode, stdout, stderr } = await install('--dry-run', '--webhook-file', webhookFile);
    expect(exitCode, stderr).toBe(0);
    expect(stdout + stderr).not.toContain(secret);
    const other = createServer((_, response) => response.end('hello'));
    const [, port] = serve.split(':');
    await new Promise<void>((done) => other.listen(Number(port), '127.0.0.1', done));
    const taken = await install();
    await new Promise((done) => other.close(done));
    expect(taken.exitCode).toBe(3);
    expect(taken.stderr).toContain('another program listens');
    expect((await remove()).exitCode).toBe(3);
    expect(await unitWorld()).toEqual(gone);
  });

  it('a service that ends at once is no installation: exit 1, and nothing of it is left', async () => {
    await inside(
      `mkdir -p ${path}.d; printf '[Service]\\nExecStart=\\nExecStart=/bin/sleep 2\\n' >${path}.d/bad.conf; systemctl daemon-reload`,
    );
    const failed = await install();
    await inside(`rm -r ${path}.d; systemctl daemon-reload`);
    expect(failed.exitCode, failed.stderr).toBe(1);
    expect(failed.stderr).toContain('ended right after its start');
    expect(failed.stderr).toContain(`journalctl -u ${unit}`);
    expect(await unitWorld()).toEqual(gone);
  });

  it('killed inside and resumed, it runs, answers, calls, and its unit holds no secret', async () => {
    const done = await throughKills(
      (args, options) => sandbox.tv(args, options),
      ['monitor', 'install', '--yes', '--serve', serve, '--every', '1s', '--webhook-file', webhookFile],
      { points: ['write:acted', 'start:acted'], resume: ['resume', '--yes'] },
    );
    expect(done.exitCode, done.stderr).toBe(0);
    expect(done.stderr).toMatch(/active, starts at boot; http:\/\/127\.0\.0\.1:\d+ answers, last check/);
    const answered = await health();
    expect(answered.http).toBe(200);
    expect(answered.invocation).toBe(await shown('InvocationID'));
    const checked = await sandbox.inside('systemd-analyze', 'verify', path);
    expect(checked.stderr).not.toContain(unit);
    await until(async () => bodies.some((body) => body.includes('TempoVaultServiceDown')), {
      limitMs: 30_000,
      what: 'the webhook to be called',
    });
    const texts = await inside(
      `cat ${path}; journalctl -u ${unit} --no-pager; tr '\\0' ' ' </proc/$(systemctl show --value -p MainPID ${unit})/cmdline; cat '${sandboxPaths(sandbox.dir).tvState}'/runs/*`,
    );
    expect(texts.stdout).toContain('--webhook-file');
    expect(texts.stdout).not.toContain(secret);
  });

  it('a unit changed by hand is neither replaced nor removed, unless overruled', async () => {
    const own = await unitWorld();
    await inside(`echo 'Nice=5' >>${path}; systemctl daemon-reload`);
    const edited = await unitWorld();
    expect(edited).not.toEqual(own);
    for (const { exitCode, stderr } of [await install(), await remove()]) {
      expect(exitCode).toBe(3);
      expect(stderr).toContain('changed by hand');
    }
    expect(await unitWorld()).toEqual(edited);
    const replaced = await install('--override', 'edited-units', '--reason', 'test');
    expect(replaced.exitCode, replaced.stderr).toBe(0);
    expect((await unitWorld())[0]).not.toContain('Nice=5');
    // The undo of a replacement runs the former unit again.
    const undone = await undo();
    expect(undone.exitCode, undone.stderr).toBe(0);
    expect(await unitWorld()).toEqual(edited);
  });

  it('removes all of it, also through a kill', async () => {
    const removed = await throughKills(
      (args, options) => sandbox.tv(args, options),
      ['monitor', 'remove', '--yes', '--override', 'edited-units', '--reason', 'test'],
      { points: ['disable:acted'], resume: ['resume', '--yes'] },
    );
    expect(removed.exitCode, removed.stderr).toBe(0);
    expect(await unitWorld()).toEqual(gone);
    await expect(fetch(`http://${serve}/health`)).rejects.toThrow();
  });
});
