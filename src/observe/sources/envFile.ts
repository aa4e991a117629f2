import type { ServiceName } from '../../config/settings.ts';
import { type EnvFile, readEnvFile } from '../../host/readEnvFile.ts';
import { readEnvFileUse } from '../../host/readEnvFileUse.ts';
import { FileError } from '../../host/readTextFile.ts';
import { serviceNames } from '../../operations/service/service.ts';
import { ago, howMany } from '../../text/format.ts';
import type { Source, SourceReader } from '../sourceReader.ts';
import { services } from './services.ts';

const contracts = [
  ...['GOVERNANCE_ROLES_ADDRESS', 'RISK_CONTROLLER_ADDRESS'],
  ...['TREASURY_VAULT_ADDRESS', 'DEX_STRATEGY_ADDRESS'],
];

/**
 * What each service reads of `.env`. `needs`: it does not start, or does nothing, without. START_BLOCK is not
 * among them: the cursor outranks it, so a running indexer has nothing of a new value.
 */
const variables: Readonly<
  Record<ServiceName, { readonly needs: readonly string[]; readonly reads: readonly string[] }>
> = {
  api: { needs: ['RPC_URL', 'CHAIN_ID', 'INDEXER_DB_URL'], reads: ['API_PORT', 'ALLOWED_ORIGINS'] },
  indexer: { needs: ['RPC_URL', 'INDEXER_DB_URL', ...contracts], reads: ['CHAIN_ID', 'POLL_INTERVAL'] },
  oracle: {
    needs: ['RPC_URL', 'CHAIN_ID', 'RISK_CONTROLLER_ADDRESS', 'ORACLE_PRIVATE_KEY'],
    reads: ['DEX_STRATEGY_ADDRESS', 'ORACLE_UPDATE_INTERVAL', 'FEE_TOKEN'],
  },
};

/** A service against `.env`; names of variables only. */
export interface EnvFileService {
  readonly service: ServiceName;
  /** When it was started; undefined where it does not run. */
  readonly since: Date | undefined;
  /** Needed, and set neither in `.env` nor, as far as that is known, by the unit. */
  readonly missing: readonly string[];
  /**
   * Variables that the process was started with and that `.env` has another value for. Undefined where that
   * is unknown: the process may not be read, or reads `.env` itself.
   */
  readonly outdated: readonly string[] | undefined;
}

export interface EnvFileState {
  readonly path: string;
  readonly mode: number;
  readonly owner: string;
  readonly variables: number;
  readonly changedAt: Date;
  /** Of the services that are installed. */
  readonly services: readonly EnvFileService[];
}

/** The file that the services take their settings and the oracle's key from, and whether they run with it. */
export const envFile: Source<EnvFileState> = {
  title: '.env',
  read: async (reader) => {
    const { envFile: path } = reader.ctx.settings.host;
    const [file, states] = await Promise.all([readFile(reader, path), reader.read(services)]);
    const installed = serviceNames.filter((name) => states[name].loadState === 'loaded');
    const pids = installed.map((name) => states[name].mainPid).filter((pid) => pid > 0);
    const { changedAt, started } = await readEnvFileUse(reader.ctx.host(), { path, pids });
    const values = new Map(file.entries.map(({ key, value }) => [key, value]));
    return {
      ...{ path, mode: file.mode, owner: file.owner, variables: values.size, changedAt },
      services: installed.map((service) => {
        const { activeState, since, mainPid } = states[service];
        // What a process was started with shows what its unit sets only where .env has not changed since.
        const isOlder = since !== undefined && since < changedAt;
        return {
          service,
          since: activeState === 'active' ? since : undefined,
          ...compare(service, values, started.get(mainPid), isOlder),
        };
      }),
    };
  },
  describe: ({ variables: all, changedAt, mode }, now) =>
    `${howMany(all, 'variable')}, changed ${ago(changedAt, now)}, mode ${mode.toString(8)}`,
};

async function readFile(reader: SourceReader, path: string): Promise<EnvFile> {
  try {
    return await readEnvFile(reader.ctx.host(), { path });
  } catch (error) {
    if (!(error instanceof FileError) || error.problem !== 'unreadable') throw error;
    throw new FileError('unreadable', path, String(error.facts['reason'] ?? ''), {
      when: 'run tv as root, or set host.prefix to sudo -n',
      tv: ['config', 'show'],
    });
  }
}

function compare(
  service: ServiceName,
  values: ReadonlyMap<string, string>,
  own: ReadonlyMap<string, string> | undefined,
  isOlder: boolean,
): Pick<EnvFileService, 'missing' | 'outdated'> {
  const { needs, reads } = variables[service];
  const all = [...needs, ...reads];
  const byUnit = isOlder ? undefined : own;
  const missing = needs.filter((key) => (values.get(key) ?? '') === '' && (byUnit?.get(key) ?? '') === '');
  const wasGiven = own !== undefined && all.some((key) => own.has(key) && values.has(key));
  if (!wasGiven) return { missing, outdated: undefined };
  return { missing, outdated: all.filter((key) => values.has(key) && own.get(key) !== values.get(key)) };
}
