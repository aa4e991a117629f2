import { describe, expect, it } from 'vitest';
import { checkGone, checkUnitsAsBefore } from '../../src/host/checkAsBefore.ts';
import type { CommandOutput, Host } from '../../src/runbook/context.ts';

/** A host on which every command answers the same. */
function hostThat(answer: Partial<CommandOutput>): Host {
  return { prefix: [], run: async () => ({ exitCode: 0, stdout: '', stderr: '', ...answer }) };
}

/** `systemctl show` of one unit in this state. */
const unitThat = (state: string) =>
  hostThat({ stdout: `Id=indexer.service\nLoadState=loaded\nActiveState=${state}\nSubState=x\n` });

describe('units after an undo', () => {
  it.each([
    ['active', true, 'pass'],
    ['inactive', true, 'block'],
    ['activating', true, 'block'],
    ['failed', true, 'block'],
    ['inactive', false, 'pass'],
    ['failed', false, 'pass'],
    ['active', false, 'block'],
    ['deactivating', false, 'block'],
  ] as const)('%s, was active before: %s → %s', async (state, wasActive, status) => {
    const check = await checkUnitsAsBefore(unitThat(state), [{ unit: 'indexer.service', wasActive }]);
    expect(check.status).toBe(status);
    expect(check.summary).toContain(`indexer.service ${status === 'pass' ? '' : 'is '}${state}`);
  });

  it('one that crashed again and again before is no difference', async () => {
    const units = [{ unit: 'indexer.service', wasActive: false, crashes: true }];
    expect((await checkUnitsAsBefore(unitThat('activating'), units)).status).toBe('pass');
  });

  it('systemd does not answer → no verdict', async () => {
    const silent = hostThat({ exitCode: 1, stderr: 'Failed to connect to bus' });
    await expect(checkUnitsAsBefore(silent, [{ unit: 'a.service', wasActive: true }])).rejects.toThrow(
      expect.objectContaining({ code: 'host.systemd-silent' }),
    );
  });
});

describe('files after an undo', () => {
  it.each([
    ['nothing there', { stdout: 'asked\n' }, 'pass'],
    ['one there', { stdout: '/backup/x.partial\nasked\n' }, 'block'],
  ] as const)('%s → %s', async (_, answer, status) => {
    expect((await checkGone(hostThat(answer), ['/backup/x.partial'])).status).toBe(status);
  });

  it.each([
    ['ssh is away', { exitCode: 255, stderr: 'no route to host' }],
    ['the answer is cut off', { stdout: '' }],
  ])('%s → no verdict', async (_, answer) => {
    await expect(checkGone(hostThat(answer), ['/backup/x'])).rejects.toThrow(
      expect.objectContaining({ code: 'host.unreadable-answer' }),
    );
  });
});
