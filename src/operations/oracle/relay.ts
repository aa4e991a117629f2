import { sameAddress } from '../../chain/sameAddress.ts';
import { parseKey } from '../../chain/signers/oracleKey.ts';
import type { Address } from '../../config/settings.ts';
import { onHost } from '../../errors/advice.ts';
import { type Answer, answer } from '../../errors/answer.ts';
import { TvError } from '../../errors/TvError.ts';
import { detectSystemd } from '../../host/detectSystemd.ts';
import { listProcesses } from '../../host/listProcesses.ts';
import { readEnvFile } from '../../host/readEnvFile.ts';
import { type JournalEntry, readJournal } from '../../host/readJournal.ts';
import { type Relay, readRelay } from '../../host/readRelay.ts';
import { readUnit } from '../../host/readUnit.ts';
import type { Context } from '../../runbook/context.ts';
import { block, type Preflight, pass, warn } from '../../runbook/preflight.ts';

export const keyName = 'ORACLE_PRIVATE_KEY';

export interface EnvKey {
  readonly address: Address;
  /** As it stands in the file. Secret. */
  readonly text: string;
  /** `ORACLE_UPDATE_INTERVAL` in seconds, null where it is not set. The relay's command line outranks it. */
  readonly intervalSeconds: number | null;
  /** What the relay is told to pay fees in, on Tempo; null where it is not told. */
  readonly feeToken: Address | null;
}

/** The key in `.env`, by its address. @throws TvError where there is none, or several, or it is no key */
export async function readOracleKey(ctx: Pick<Context, 'host' | 'settings' | 'secrets'>): Promise<EnvKey> {
  const { envFile: file } = ctx.settings.host;
  const { entries } = await readEnvFile(ctx.host(), { path: file });
  const [entry, ...more] = entries.filter(({ key }) => key === keyName);
  if (entry === undefined || more.length > 0) {
    throw new TvError(`${keyName} is ${entry === undefined ? 'not set' : 'set more than once'} in .env.`, {
      facts: { file },
      next: [`grep -c ${keyName} ${file}`],
    });
  }
  ctx.secrets.keep(entry.value);
  const parsed = parseKey(entry.value);
  if (parsed === undefined) {
    throw new TvError(`${keyName} in .env is not a private key.`, {
      facts: { file, line: entry.line, expected: '64 hex digits, with 0x or without' },
      next: ['put the key of an authorised address into .env'],
    });
  }
  ctx.secrets.keep(parsed.key);
  const token = entries.find((each) => each.key === 'FEE_TOKEN')?.value ?? '';
  const interval = Number(entries.find(({ key }) => key === 'ORACLE_UPDATE_INTERVAL')?.value ?? Number.NaN);
  return {
    address: parsed.address,
    text: entry.value,
    feeToken: /^0x[0-9a-fA-F]{40}$/.test(token) ? (token as Address) : null,
    intervalSeconds: interval > 0 ? interval : null,
  };
}

/** Pairs and interval of the relay whose key this is. */
export function readRelayOf(ctx: Pick<Context, 'host' | 'settings'>, key: EnvKey): Promise<Relay> {
  return readRelay(ctx, {
    envIntervalSeconds: key.intervalSeconds,
    isKey: (word) => sameAddress(parseKey(word)?.address ?? '', key.address),
  });
}

/** How long to wait for a signal, in milliseconds: three intervals, and time to start. */
export function signalLimitMs(intervalSeconds: number): number {
  return intervalSeconds * 3_000 + 30_000;
}

export interface RelayError {
  readonly at: Date;
  /** One line. */
  readonly message: string;
}

const journalLines = 100;
/** In characters: a line of a journal can be of any length. */
const longestMessage = 300;

/**
 * The newest error in the relay's journal. Of a Python traceback that is its last line: those before it say
 * where, and only the last one says what (deployment-facts, section 6).
 * @returns undefined where its newest lines hold none; its standard output is buffered and may come late
 */
export async function readRelayError(
  ctx: Pick<Context, 'host' | 'settings'>,
): Promise<Answer<RelayError | undefined>> {
  const { oracle: unit } = ctx.settings.host.units;
  const read = await answer((async () => readJournal(ctx.host(), { unit, lines: journalLines }))());
  if (!read.known) return read;
  const { available, reason = 'no journal', entries } = read.value;
  return available ? { known: true, value: newestError(entries) } : { known: false, reason };
}

/** Oldest first, as the journal has them. */
export function newestError(entries: readonly JournalEntry[]): RelayError | undefined {
  return errorsIn(entries).at(-1);
}

/** Errors as single lines, oldest first: each traceback as its last line. */
export function errorsIn(entries: readonly JournalEntry[]): readonly RelayError[] {
  const lines = entries.flatMap(({ at, message, priority }) =>
    message.split('\n').map((line) => ({ at, line, priority })),
  );
  const errors: RelayError[] = [];
  let inTraceback = false;
  for (const { at, line, priority } of lines) {
    if (/^Traceback \(most recent call last\):/.test(line)) {
      inTraceback = true;
    } else if (inTraceback) {
      // Frames and their source lines are indented; the message is not.
      if (/^\s/.test(line) || line === '') continue;
      inTraceback = false;
      errors.push({ at, message: line.trim().slice(0, longestMessage) });
    } else if (priority <= 3 || /\b(ERROR|CRITICAL)\b/.test(line)) {
      errors.push({ at, message: line.trim().slice(0, longestMessage) });
    }
  }
  return errors;
}

/**
 * The relay's unit, and that no second relay runs, which would collide on nonces.
 * @param mustRun whether a unit that is not active blocks, because it is to be seen working first
 */
export function checkService(
  ctx: Context,
  preflight: Preflight,
  { mustRun = false }: { readonly mustRun?: boolean } = {},
): Promise<{ readonly unit: string; readonly wasActive: boolean } | undefined> {
  return preflight.check('service', 'host', async () => {
    const { units, programs } = ctx.settings.host;
    const unit = units.oracle;
    const systemd = await detectSystemd(ctx.host());
    if (!systemd.available) {
      return block('no systemd on this host, so the relay cannot be stopped', {
        facts: { systemd: systemd.reason },
        next: [{ when: 'run tv on the host of the services, or set host.prefix', tv: ['config', 'show'] }],
      });
    }
    const [state, processes] = await Promise.all([
      readUnit(ctx.host(), { unit }),
      listProcesses(ctx.host(), { program: programs.oracle }),
    ]);
    if (state.loadState !== 'loaded') {
      return block(`${unit} is not installed here (${state.loadState})`, {
        next: [{ when: 'set host.units.oracle', tv: ['config', 'show'] }],
      });
    }
    const strangers = processes.filter((process) => process.unit !== `${unit}.service`);
    if (strangers.length > 0) {
      return block(`a relay runs that does not belong to ${unit}; two with one key collide on nonces`, {
        facts: Object.fromEntries(
          strangers.map(({ pid, command, user }) => [`process ${pid}`, `${command}, of ${user}`]),
        ),
        next: [onHost(`kill ${strangers.map(({ pid }) => pid).join(' ')}`, 'end it')],
      });
    }
    const wasActive = state.activeState === 'active';
    if (!wasActive && mustRun) {
      return block(`${unit} is ${state.activeState}: the relay does not work as it is`, {
        override: 'relay-not-running',
        value: { unit, wasActive },
        next: [{ tv: ['oracle', 'status'] }, { tv: ['oracle', 'recover'] }],
      });
    }
    if (!wasActive) {
      return warn(`${unit} is ${state.activeState}; it will run afterwards`, { value: { unit, wasActive } });
    }
    return pass(`${unit} active, process ${state.mainPid}`, { unit, wasActive });
  });
}
