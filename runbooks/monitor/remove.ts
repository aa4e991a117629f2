import {
  monitorPath,
  monitorSet,
  monitorUnit,
  monitorUnitFile,
  readMonitorService,
} from '../../src/host/monitorUnit.ts';
import { runSystemctl } from '../../src/host/runSystemctl.ts';
import { stopUnit } from '../../src/host/stopUnit.ts';
import { withRollback } from '../../src/operations/maintenance.ts';
import {
  checkServiceAsBefore,
  type MonitorRemoveFacts,
  plannedAtBoot,
  verifyMonitorRemoved,
} from '../../src/operations/monitorUnit.ts';
import { checkRemovable, deleteUnitFiles, plannedDeletions } from '../../src/operations/unitFiles.ts';
import { defineRunbook, type Step, type StepContext } from '../../src/runbook/define.ts';
import { Preflight, pass } from '../../src/runbook/preflight.ts';

const input = {};

/** The reverse of `tv monitor install`: what that has written, and nothing else. */
export default defineRunbook<typeof input, MonitorRemoveFacts>({
  title: 'Remove the monitor',
  summary: 'Remove the service of tv monitor',
  section: '8',
  order: 5,
  risk: 'moderate',
  description: `
Stops the service and takes away the unit file that \`tv monitor install\` has written. A unit that was
changed by hand is left alone unless overruled. Drop-ins, the history of the monitor and the file of --webhook-file
stay.`,
  byHand: {
    when: 'the monitor is to end for good.',
    checks: [
      {
        what: 'The unit, and its drop-ins.',
        run: `systemctl cat ${monitorUnit} --no-pager; true`,
        expect: 'Something else must call people from now on.',
      },
    ],
    steps: [
      { what: 'Stop it, now and for good.', run: `systemctl disable --now ${monitorUnit}` },
      { what: 'Delete the unit.', run: `rm -f ${monitorPath} && systemctl daemon-reload` },
    ],
    verify: [
      {
        what: 'It is gone.',
        run: `systemctl show -p LoadState,ActiveState ${monitorUnit}`,
        expect: '`LoadState=not-found` and `ActiveState=inactive`.',
      },
    ],
    never: ['Remove it to end a page: see what fires with `tv monitor`.'],
  },
  examples: [{ what: 'Stop the service and remove its unit', line: 'tv monitor remove' }],
  input,
  example: {
    facts: {
      files: [
        monitorUnitFile(
          { environment: 'production', program: ['/usr/local/bin/tv'], flags: [], variables: {} },
          [],
        ),
      ],
      service: { wasActive: true, wasEnabled: true, state: 'active' },
    },
    input: {},
  },
  onFailure: 'stop',
  preflight: async (ctx) => {
    const preflight = new Preflight(ctx);
    const files = preflight.check('unit', 'host', () =>
      checkRemovable(ctx.host(), monitorSet, { next: [{ tv: ['monitor', 'install', '--help'] }] }),
    );
    const service = preflight.check('service', 'host', async () => {
      const { activeState, enabled } = await readMonitorService(ctx.host());
      const wasActive = activeState !== 'inactive' && activeState !== 'failed';
      return pass(`${activeState}, ${enabled ? 'enabled' : 'not enabled'}`, {
        wasActive,
        wasEnabled: enabled,
        state: activeState,
      });
    });
    return preflight.result({ files, service }, (known) => known);
  },
  basis: ({ files, service: { wasActive, wasEnabled } }) => ({ files, service: { wasActive, wasEnabled } }),
  changes: ({ files, service }) => [
    {
      kind: 'unit',
      what: monitorUnit,
      course: [service.state ?? (service.wasActive ? 'active' : 'not active'), 'inactive'],
    },
    plannedAtBoot(service, false),
    ...plannedDeletions(files),
  ],
  consequence: () => 'From then on nothing monitors the protocol by itself, and no change of state is sent.',
  plan: (facts) => [disable(facts), deleteUnitFiles(monitorSet, facts.files, { shown: monitorPath })],
  verify: (ctx, facts) => verifyMonitorRemoved(ctx, facts),
});

function disable({ service }: MonitorRemoveFacts): Step {
  const undo = async (ctx: StepContext) => {
    if (service.wasEnabled) await runSystemctl(ctx.host(), ['enable', '--quiet', monitorUnit]);
    if (service.wasActive) await runSystemctl(ctx.host(), ['start', monitorUnit]);
  };
  return {
    id: 'disable',
    title: 'stop the monitor, now and for good',
    command: `systemctl disable --now ${monitorUnit}`,
    effect: 'reversible',
    undoTitle: service.wasActive ? 'start the monitor' : 'leave the monitor stopped, as it was',
    // Stopping what is stopped changes nothing.
    probe: async () => 'not-done',
    run: (ctx) =>
      withRollback(
        async () => {
          await runSystemctl(ctx.host(), ['disable', '--quiet', monitorUnit]);
          await stopUnit(ctx.host(), { unit: monitorUnit, signal: ctx.signal });
          return { stopped: monitorUnit };
        },
        () => undo(ctx),
      ),
    undo,
    checkUndone: (ctx) => checkServiceAsBefore(ctx, service),
  };
}
