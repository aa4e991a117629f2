import { readFileSync } from 'node:fs';
import { withSuffix } from './journal.ts';
import type { Service } from './service.ts';
import { readUnitFile } from './unitFile.ts';

export interface Answer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Supervised {
  readonly units: string;
  services(): readonly Service[];
  service(name: string): Service | undefined;
}

interface Request {
  readonly verb: string;
  readonly names: readonly string[];
  readonly properties: readonly string[];
  readonly value: boolean;
  readonly quiet: boolean;
  readonly json: boolean;
  readonly unixTime: boolean;
  readonly signal: NodeJS.Signals;
}

/** `systemctl` over the supervisor's services, with systemd's words and exit codes. */
export async function systemctl(world: Supervised, words: readonly string[]): Promise<Answer> {
  const request = parse(words);
  const { verb, names, quiet } = request;
  const known = (name: string) => world.service(withSuffix(name));
  switch (verb) {
    case 'daemon-reload':
    case 'reset-failed':
      return done('');
    case 'is-system-running':
      return done('running');
    case 'is-active': {
      const states = names.map((name) => known(name)?.state ?? 'inactive');
      return done(quiet ? '' : states.join('\n'), states.includes('active') ? 0 : 3);
    }
    case 'is-failed': {
      const states = names.map((name) => known(name)?.state ?? 'inactive');
      return done(quiet ? '' : states.join('\n'), states.includes('failed') ? 0 : 1);
    }
    case 'is-enabled':
      return done(names.map(() => 'disabled').join('\n'), 1);
    case 'show':
      return done(names.map((name) => show(world, withSuffix(name), request)).join('\n\n'));
    case 'cat':
      return done(names.map((name) => readFileSync(`${world.units}/${withSuffix(name)}`, 'utf8')).join('\n'));
    case 'list-units':
    case 'list-unit-files':
      return done(list(world, request));
    case 'status':
      return status(world, request);
  }
  const missing = names.find((name) => known(name) === undefined);
  if (missing !== undefined) {
    return {
      exitCode: 5,
      stdout: '',
      stderr: `Failed to ${verb} ${withSuffix(missing)}: Unit ${withSuffix(missing)} not found.\n`,
    };
  }
  const services = names.flatMap((name) => known(name) ?? []);
  for (const service of services) {
    if (verb === 'start') service.start();
    else if (verb === 'stop') await service.stop();
    else if (verb === 'restart') {
      await service.stop();
      service.start();
    } else if (verb === 'kill') service.signal(request.signal);
    else return { exitCode: 1, stdout: '', stderr: `Unknown command verb ${verb}.\n` };
    if ((verb === 'start' || verb === 'restart') && service.state === 'failed') {
      return { exitCode: 1, stdout: '', stderr: `Job for ${service.name} failed.\n` };
    }
  }
  return done('');
}

function show(world: Supervised, name: string, { properties, value, unixTime }: Request): string {
  const service = world.service(name);
  const unit = readUnitFile(world.units, name);
  const time = (at: number) => (at === 0 ? '' : unixTime ? `@${Math.floor(at / 1000)}` : `${utc(at)}`);
  const active = service?.state === 'active';
  const all: Record<string, string> = {
    Id: name,
    Names: name,
    Description: unit?.description ?? name,
    LoadState: unit === undefined ? 'not-found' : 'loaded',
    ActiveState: service?.state ?? 'inactive',
    SubState:
      { active: 'running', failed: 'failed', activating: 'auto-restart', deactivating: 'stop-sigterm' }[
        service?.state as string
      ] ?? 'dead',
    Result: service?.result ?? 'success',
    MainPID: String(service?.pid ?? 0),
    ExecMainPID: String(service?.pid ?? 0),
    NRestarts: String(service?.restarts ?? 0),
    ExecMainStatus: String(service?.exitStatus ?? 0),
    ExecMainStartTimestamp: time(service?.startedAt ?? 0),
    ActiveEnterTimestamp: time(active || service?.startedAt ? (service?.startedAt ?? 0) : 0),
    InactiveEnterTimestamp: time(active ? 0 : (service?.changedAt ?? 0)),
    StateChangeTimestamp: time(service?.changedAt ?? 0),
    FragmentPath: unit?.path ?? '',
    UnitFileState: unit === undefined ? '' : 'disabled',
    MemoryCurrent: '[not set]',
    User: unit?.user ?? '',
    WorkingDirectory: unit?.workingDirectory ?? '',
    ExecStart: unit === undefined ? '' : `{ path=${unit.command[0]} ; argv[]=${unit.command.join(' ')} }`,
  };
  const chosen = properties.length === 0 ? Object.keys(all) : properties.filter((key) => key in all);
  return chosen.map((key) => (value ? all[key] : `${key}=${all[key]}`)).join('\n');
}

function list(world: Supervised, { names, json }: Request): string {
  const patterns = names.map(
    (name) => new RegExp(`^${name.replaceAll('.', '\\.').replaceAll('*', '.*')}(\\.service)?$`),
  );
  const rows = world
    .services()
    .filter(({ name }) => patterns.length === 0 || patterns.some((pattern) => pattern.test(name)))
    .map((service) => ({
      unit: service.name,
      load: 'loaded',
      active: service.state,
      sub: service.state === 'active' ? 'running' : service.state === 'failed' ? 'failed' : 'dead',
      description: readUnitFile(world.units, service.name)?.description ?? service.name,
    }));
  if (json) return JSON.stringify(rows);
  return rows.map((row) => Object.values(row).join(' ')).join('\n');
}

function status(world: Supervised, { names }: Request): Answer {
  const services = names.flatMap((name) => world.service(withSuffix(name)) ?? []);
  if (services.length < names.length) {
    const missing = names.find((name) => world.service(withSuffix(name)) === undefined);
    return { exitCode: 4, stdout: '', stderr: `Unit ${withSuffix(missing ?? '')} could not be found.\n` };
  }
  const text = services.map((service) =>
    [
      `● ${service.name} - ${readUnitFile(world.units, service.name)?.description ?? ''}`,
      `     Active: ${service.state} (Result: ${service.result}) since ${utc(service.changedAt)}`,
      ...(service.pid === 0 ? [] : [`   Main PID: ${service.pid}`]),
    ].join('\n'),
  );
  return done(text.join('\n\n'), services.every(({ state }) => state === 'active') ? 0 : 3);
}

/** As systemd writes it: `Mon 2026-11-23 22:48:30 UTC`. */
function utc(at: number): string {
  const date = new Date(at);
  const day = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'][date.getUTCDay()];
  return `${day} ${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

function done(text: string, exitCode = 0): Answer {
  return { exitCode, stdout: text === '' ? '' : `${text}\n`, stderr: '' };
}

function parse(words: readonly string[]): Request {
  const names: string[] = [];
  const properties: string[] = [];
  let signal = 'TERM';
  const has = (...flags: string[]) => words.some((word) => flags.includes(word));
  for (let index = 0; index < words.length; index++) {
    const text = words[index] ?? '';
    const property = /^(?:--property=|-p)(.*)$/.exec(text)?.[1] ?? (text === '--property' ? '' : undefined);
    const kill = /^(?:--signal=|-s)(.*)$/.exec(text)?.[1] ?? (text === '--signal' ? '' : undefined);
    if (property !== undefined) properties.push(...(property || (words[++index] ?? '')).split(','));
    else if (kill !== undefined) signal = kill || (words[++index] ?? '');
    else if (text === '-n' || text === '-o' || text === '-t') index++;
    else if (!text.startsWith('-')) names.push(text);
  }
  const [verb = 'list-units', ...rest] = names;
  return {
    verb,
    names: rest,
    properties,
    value: has('--value'),
    quiet: has('-q', '--quiet'),
    json: has('--output=json', 'json'),
    unixTime: has('--timestamp=unix'),
    signal: (signal.startsWith('SIG') ? signal : `SIG${signal}`) as NodeJS.Signals,
  };
}
