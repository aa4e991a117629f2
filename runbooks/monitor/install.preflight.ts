import { dirname } from 'node:path';
import { onHost } from '../../src/errors/advice.ts';
import { UsageError } from '../../src/errors/TvError.ts';
import { fetchUrl } from '../../src/host/fetchUrl.ts';
import {
  monitoredBy,
  monitorPath,
  monitorSet,
  monitorUnit,
  monitorUnitFile,
  readMonitorService,
} from '../../src/host/monitorUnit.ts';
import { readDirectory } from '../../src/host/readDirectory.ts';
import { splitWords } from '../../src/observe/monitor/receivers.ts';
import {
  judgeHealth,
  type MonitorInstallFacts,
  parseAddress,
  urlOnHost,
} from '../../src/operations/monitorUnit.ts';
import { tvOnHost } from '../../src/operations/tvOnHost.ts';
import { checkReplaceable, checkSystemd, unitChanges } from '../../src/operations/unitFiles.ts';
import type { Finding } from '../../src/runbook/check.ts';
import type { Context, Host } from '../../src/runbook/context.ts';
import type { PreflightResult } from '../../src/runbook/define.ts';
import { block, Preflight, pass, warn } from '../../src/runbook/preflight.ts';
import { maskUrlsIn } from '../../src/text/maskUrl.ts';
import { quoteForShell } from '../../src/text/shellLine.ts';

export interface MonitorInput {
  readonly serve: string;
  /** In milliseconds. */
  readonly every: number;
  readonly notify?: string | undefined;
  readonly webhookFile?: string | undefined;
  readonly textfile?: string | undefined;
  readonly runbookUrl: string;
  readonly tv?: string | undefined;
}

/** Settings in which the installed monitor has to agree with this tv. */
const decisive = [
  ...['chain.id', 'contracts.governanceRoles', 'contracts.riskController'],
  ...['contracts.treasuryVault', 'contracts.dexStrategy', 'database.url', 'backup.directory'],
];

/** Of one request, in seconds. */
const answerSeconds = 5;

export async function preflightMonitor(
  ctx: Context,
  input: MonitorInput,
): Promise<PreflightResult<MonitorInstallFacts>> {
  const { environment } = ctx.settings;
  const address = parseAddress(input.serve);
  if (address.port === 0) {
    throw new UsageError('usage.malformed-value', '--serve needs a fixed port, such as 127.0.0.1:9464.', {
      next: { tv: ['monitor', 'install', '--help'] },
    });
  }
  const url = urlOnHost(address);
  const host = ctx.host();
  const preflight = new Preflight(ctx);

  preflight.check('systemd', 'host', () =>
    checkSystemd(host, { needs: 'multi-user.target', next: [{ tv: ['monitor', '--help'] }] }),
  );
  const call = preflight.check('tv', 'host', async () => {
    const found = await tvOnHost(ctx, { tv: input.tv, maker: 'monitor', decisive });
    return pass(`the host calls ${found.program.join(' ')}, on the same chain and database`, found);
  });
  const before = preflight.check('unit', 'host', async () => {
    const found = await checkReplaceable(host, monitorSet);
    const [file] = 'value' in found ? (found.value ?? []) : [];
    const other = file === undefined ? undefined : monitoredBy(file.text);
    if (other === undefined || other === environment) return found;
    return block(`${monitorUnit} monitors another environment`, {
      facts: { monitors: other },
      next: ['remove it with the flags of that environment (-e), then try again'],
    });
  });
  const service = preflight.check('service', 'host', async () => {
    const { activeState, enabled, path, loadState } = await readMonitorService(host);
    if (path !== '' && path !== monitorPath) {
      return block(`a unit of the name ${monitorUnit} is installed elsewhere`, { facts: { path } });
    }
    if (loadState === 'masked') {
      return block(`${monitorUnit} is masked`, { next: [onHost(`systemctl unmask ${monitorUnit}`)] });
    }
    const wasActive = activeState !== 'inactive' && activeState !== 'failed';
    const value = {
      ...{ wasActive, wasEnabled: enabled },
      state: loadState === 'not-found' ? 'not installed' : activeState,
    };
    if (loadState === 'not-found') return pass('not installed yet', value);
    return pass(`${activeState}${wasActive ? ', is started anew' : ''}`, value);
  });
  preflight.check('address', 'host', () => checkAddress(host, { ...address, url }));
  const receivers = preflight.check('receivers', 'host', () => checkReceivers(host, input));
  if (input.textfile !== undefined) {
    const { textfile } = input;
    preflight.check('textfile', 'host', () => checkTextfile(host, textfile));
  }

  return preflight.result({ call, before, service, receivers }, (known) => ({
    environment,
    files: unitChanges([monitorUnitFile(known.call, flagsOf(input))], known.before),
    url,
    receivers: known.receivers,
    service: known.service,
  }));
}

/** The flags of `tv monitor` in the unit. None of them is a secret: the file is for all to read. */
export function flagsOf(input: MonitorInput): readonly string[] {
  const { serve, every, notify, webhookFile, textfile, runbookUrl } = input;
  return [
    ...['--serve', serve, '--every', `${every / 1000}s`],
    ...(notify === undefined ? [] : ['--notify', notify]),
    ...(webhookFile === undefined ? [] : ['--webhook-file', webhookFile]),
    ...(textfile === undefined ? [] : ['--textfile', textfile]),
    ...(runbookUrl === 'RUNBOOK.md' ? [] : ['--runbook-url', runbookUrl]),
  ];
}

/** Nothing may listen there but the monitor that is replaced. */
async function checkAddress(
  host: Host,
  { host: name, port, url }: { readonly host: string; readonly port: number; readonly url: string },
): Promise<Finding> {
  const answer = await fetchUrl(host, { url: `${url}/health`, limitSeconds: answerSeconds });
  if (answer !== undefined) {
    const { invocation } = await readMonitorService(host);
    if (judgeHealth(answer, invocation).kind === 'other') {
      return block(`another program listens at ${url}`, {
        facts: { answer: `HTTP ${answer.status}` },
        next: [
          onHost(`ss -ltnp 'sport = :${port}'`),
          { when: 'or take another port', tv: ['monitor', 'install', '--serve', '127.0.0.1:9465'] },
        ],
      });
    }
  }
  const state = answer === undefined ? 'is free' : 'is that of the installed monitor';
  if (/^(127\.|::1$|localhost$)/.test(name)) return pass(`${url} ${state}`);
  return warn(`${url} ${state}; anyone who reaches it can read it: no password, no TLS`);
}

async function checkReceivers(
  host: Host,
  { notify, webhookFile }: Pick<MonitorInput, 'notify' | 'webhookFile'>,
): Promise<Finding<readonly string[]>> {
  const value = [
    ...(notify === undefined ? [] : ['--notify']),
    ...(webhookFile === undefined ? [] : ['--webhook-file']),
  ];
  const problem =
    (notify === undefined ? undefined : await notifyProblem(host, notify)) ??
    (webhookFile === undefined ? undefined : await webhookFileProblem(host, webhookFile));
  if (problem !== undefined) return problem;
  if (value.length > 0) return pass(`changes of state go to ${value.join(' and ')}`, value);
  return warn('changes of state are sent to no receiver: neither --notify nor --webhook-file is given', {
    next: ['have Prometheus read /metrics, with the rules of tv monitor rules'],
    value,
  });
}

async function notifyProblem(host: Host, notify: string): Promise<Finding<never> | undefined> {
  const [program] = splitWords(notify);
  if (program === undefined) return block('--notify needs a program, and quotes that are closed');
  if (maskUrlsIn(notify) !== notify) {
    return block('--notify holds a URL with a secret, and everybody may read the unit file', {
      next: ['have the program read the secret from a file of its own'],
    });
  }
  if (program.includes('/') && !program.startsWith('/'))
    return block(`--notify needs the whole path of ${program}`);
  const { exitCode } = await host.run(['sh', '-c', 'command -v -- "$1"', 'sh', program]);
  if (exitCode === 0) return undefined;
  return block(`the host has no program ${program}`, { next: [onHost(`ls -l ${quoteForShell(program)}`)] });
}

/** Mode, owner and kind of the file, and who host commands run as. */
const fileState = `stat -L -c '%a %u %F' -- "$1" && id -u`;

/** Its content does not leave the host. */
async function webhookFileProblem(host: Host, file: string): Promise<Finding<never> | undefined> {
  const facts = { file };
  const { exitCode, stdout } = await host.run(['sh', '-c', fileState, 'sh', file]);
  const [, mode = '', owner, kind = '', user] = /^(\d+) (\d+) (.+)\n(\d+)\n?$/.exec(stdout) ?? [];
  if (exitCode !== 0 || user === undefined)
    return block('the file of --webhook-file cannot be read', {
      facts,
      next: [onHost(`ls -l ${quoteForShell(file)}`)],
    });
  if (!kind.startsWith('regular')) return block('--webhook-file is not a regular file', { facts });
  if (owner !== user || (Number.parseInt(mode, 8) & 0o077) !== 0) {
    return block("the file of --webhook-file is not its owner's alone", {
      facts: { ...facts, mode, owner: `uid ${owner}` },
      next: [onHost(`chown ${user} ${quoteForShell(file)} && chmod 600 ${quoteForShell(file)}`)],
    });
  }
  const isUrl = await host.run(['grep', '-qxE', 'https?://[^[:space:]]+', '--', file]);
  if (isUrl.exitCode === 0) return undefined;
  return block('the file of --webhook-file does not hold an http or https URL', { facts });
}

async function checkTextfile(host: Host, file: string): Promise<Finding> {
  const folder = dirname(file);
  const { isDirectory, writable } = await readDirectory(host, { path: folder });
  if (isDirectory && writable) return pass(`goes to ${folder}`);
  return block(`${folder} ${isDirectory ? 'cannot be written' : 'is not a folder of the host'}`, {
    next: [onHost(`ls -ld ${quoteForShell(folder)}`)],
  });
}
