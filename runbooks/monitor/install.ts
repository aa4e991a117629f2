import * as z from 'zod';
import { monitorPath, monitorSet, monitorUnit, monitorUnitFile } from '../../src/host/monitorUnit.ts';
import { restartUnit } from '../../src/host/restartUnit.ts';
import { runSystemctl } from '../../src/host/runSystemctl.ts';
import { stopUnit } from '../../src/host/stopUnit.ts';
import { every, notify, runbookUrl, textfile, webhookFile } from '../../src/observe/monitor/fields.ts';
import { withRollback } from '../../src/operations/maintenance.ts';
import {
  awaitFirstCheck,
  checkServiceAsBefore,
  type MonitorInstallFacts,
  plannedAtBoot,
  verifyMonitor,
} from '../../src/operations/monitorUnit.ts';
import { plannedFiles, writeUnitFiles } from '../../src/operations/unitFiles.ts';
import { stoppedMeanwhile } from '../../src/runbook/changes.ts';
import { defineRunbook, field, type Step, type StepContext } from '../../src/runbook/define.ts';
import { during } from '../../src/runbook/step.ts';
import { byHand } from './install.byHand.ts';
import { flagsOf, preflightMonitor } from './install.preflight.ts';

const onTheHost = 'an absolute path on the host';

const input = {
  serve: field(
    '--serve <address>',
    'where it serves its status page, /metrics and /health (default: 127.0.0.1:9464)',
    z.string().default('127.0.0.1:9464'),
  ),
  every,
  notify,
  webhookFile: { ...webhookFile, schema: z.string().startsWith('/', onTheHost).optional() },
  textfile: {
    ...textfile,
    schema: z
      .string()
      .startsWith('/', onTheHost)
      .endsWith('.prom', 'node_exporter reads files that end in .prom')
      .optional(),
  },
  runbookUrl,
  tv: field(
    '--tv <path>',
    "tv's program on the host (default: this one, else tv on the host's PATH)",
    z.string().startsWith('/').optional(),
  ),
};

const example = {
  serve: '127.0.0.1:9464',
  every: 15_000,
  notify: '/usr/local/bin/page --team ops',
  webhookFile: undefined,
  textfile: undefined,
  runbookUrl: 'RUNBOOK.md',
  tv: undefined,
};

/** Runbook §8: the alerts, around the clock. */
export default defineRunbook<typeof input, MonitorInstallFacts>({
  title: 'Install the monitor',
  summary: 'Run tv monitor as a systemd service',
  section: '8',
  order: 4,
  risk: 'moderate',
  description: `
Makes \`tv monitor --serve\` a systemd service of the host (\`tempovault-monitor\`), which starts at boot and is
started again whenever it ends. It is done once the service has finished its first check and says so at its own
/health.

The unit file is for all to read. Where the URL of a webhook is a secret, put it into a file of root's own (mode
600) and give --webhook-file; what --notify needs, its program reads itself.

Installing again replaces the unit and starts the service anew: after an upgrade of tv, or with other flags. A unit
file that was changed by hand is not overwritten unless overruled; drop-ins (\`systemctl edit\`) stay.`,
  byHand,
  examples: [
    { what: 'What would be installed', line: 'tv monitor install --dry-run' },
    {
      what: 'A service that checks every minute and calls a webhook',
      line: 'tv monitor install --every 1m --webhook-file /etc/tempovault/webhook',
    },
  ],
  input,
  example: {
    facts: {
      environment: 'production',
      files: [
        {
          ...monitorUnitFile(
            {
              environment: 'production',
              program: ['/usr/local/bin/tv'],
              flags: ['-e', 'production'],
              variables: {},
            },
            flagsOf(example),
          ),
          before: null,
        },
      ],
      url: 'http://127.0.0.1:9464',
      receivers: ['--notify'],
      service: { wasActive: false, wasEnabled: false, state: 'not installed' },
    },
    input: example,
  },
  onFailure: 'stop',
  preflight: preflightMonitor,
  basis: ({ environment, files }) => ({ environment, files }),
  changes: ({ files, service }) => [
    ...plannedFiles(files),
    stoppedMeanwhile(monitorUnit, service.state ?? service.wasActive),
    plannedAtBoot(service, true),
  ],
  consequence: ({ environment, url, receivers }) =>
    `From now on the host monitors ${environment} by itself, and serves ${url}. ${
      receivers.length === 0
        ? 'Changes of state are sent to no receiver.'
        : `It sends changes of state to ${receivers.join(' and ')}.`
    }`,
  plan: (facts) => {
    const write = writeUnitFiles(monitorSet, facts.files, monitorPath);
    if (!facts.service.wasActive) return [write, start(facts)];
    return during({
      ...{ subject: 'monitor', state: 'STOPPED' },
      open: stop(facts),
      body: [write],
      close: start(facts),
    });
  },
  verify: (ctx, facts) => verifyMonitor(ctx, facts),
});

/** Before its file is replaced, so that an undo starts it again with the file of before. */
function stop({ service }: MonitorInstallFacts): Step {
  return {
    id: 'stop',
    title: 'stop the monitor',
    command: `systemctl stop ${monitorUnit}`,
    effect: 'reversible',
    undoTitle: 'start the monitor',
    idempotent: true,
    run: async (ctx) => {
      const { activeState } = await stopUnit(ctx.host(), { unit: monitorUnit, signal: ctx.signal });
      return { state: activeState };
    },
    undo: async (ctx) => {
      await runSystemctl(ctx.host(), ['start', monitorUnit]);
    },
    checkUndone: (ctx) => checkServiceAsBefore(ctx, service),
  };
}

function start({ service, url }: MonitorInstallFacts): Step {
  const undo = async (ctx: StepContext) => {
    if (!service.wasEnabled) await runSystemctl(ctx.host(), ['disable', '--quiet', monitorUnit]);
    await stopUnit(ctx.host(), { unit: monitorUnit });
    // Of a start that failed, systemd would remember the unit beyond its file.
    await ctx.host().run(['systemctl', 'reset-failed', monitorUnit]);
  };
  return {
    id: 'start',
    title: 'start the monitor and wait for its first check',
    command: `systemctl enable --now ${monitorUnit}; curl -fsS ${url}/health`,
    effect: 'reversible',
    undoTitle: 'stop the monitor',
    // Starting it once more does no harm.
    probe: async () => 'not-done',
    run: (ctx) =>
      withRollback(
        async () => {
          await runSystemctl(ctx.host(), ['enable', '--quiet', monitorUnit]);
          await restartUnit(ctx.host(), { unit: monitorUnit, signal: ctx.signal });
          return { lastLook: (await awaitFirstCheck(ctx, url)).toISOString() };
        },
        () => undo(ctx),
      ),
    undo,
    checkUndone: (ctx) => checkServiceAsBefore(ctx, service),
  };
}
