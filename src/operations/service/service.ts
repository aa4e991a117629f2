import * as z from 'zod';
import type { Address, ServiceName, Settings } from '../../config/settings.ts';
import { UsageError } from '../../errors/TvError.ts';
import type { Concurrency } from '../../runbook/concurrency.ts';
import { field } from '../../runbook/define.ts';
import { withoutKeys } from '../../text/pastedKeys.ts';

export const serviceNames = ['api', 'indexer', 'oracle'] as const satisfies readonly ServiceName[];

/** What it is called in a sentence. */
export const serviceTitles: Readonly<Record<ServiceName, string>> = {
  api: 'the API',
  indexer: 'the indexer',
  oracle: 'the oracle relay',
};

export const serviceInput = {
  name: field(
    '<name>',
    'api, indexer, oracle, or the name of its unit',
    z.union([z.enum(serviceNames), z.string()]),
  ),
};

export type ServiceInput = { readonly name: string };

export type RelayFacts = {
  readonly oracle: Address;
  /** How long its first signal may take, in milliseconds. */
  readonly limitMs: number;
};

/** What the preflight has found and the plan is made from. */
export type ServiceFacts = {
  readonly service: ServiceName;
  readonly unit: string;
  readonly program: string;
  /** systemd's word: `active`, `inactive`, `failed`, `activating`, `deactivating`. */
  readonly state: string;
  /** 0 where none runs. */
  readonly mainPid: number;
  /** systemd starts it again and again. */
  readonly crashes: boolean;
  /** How long systemd lets it end before it kills it, in milliseconds; null where it waits for ever. */
  readonly stopLimitMs: number | null;
  /** Of the oracle, where it is started; null otherwise. */
  readonly relay: RelayFacts | null;
};

/** An imagined case, for the exported document. */
export const exampleFacts: ServiceFacts = {
  service: 'indexer',
  unit: 'tempovault-indexer',
  program: 'event_indexer',
  state: 'active',
  mainPid: 812,
  crashes: false,
  stopLimitMs: 90_000,
  relay: null,
};

/**
 * The service that an operator means: by its short name, or by its unit's, with or without `.service`.
 * @throws UsageError where it is none of them
 */
export function findService({ host }: Pick<Settings, 'host'>, name: string): ServiceName {
  const plain = (text: string) => text.replace(/\.service$/, '');
  const found = serviceNames.find((one) => one === name || plain(host.units[one]) === plain(name));
  if (found !== undefined) return found;
  throw new UsageError('usage.unknown-name', 'TempoVault has no such service.', {
    facts: {
      given: withoutKeys(name),
      services: serviceNames.map((one) => `${one} (${host.units[one]})`).join(', '),
    },
    next: { tv: ['service', 'status'] },
  });
}

/**
 * An unfinished run blocks it only where it has left something unusual, such as a service that it stopped. Of
 * its own runs none holds up another: a service that did not come up may be started again.
 */
export function serviceConcurrency({ name }: ServiceInput): Partial<Concurrency> {
  // What units are called is known only with the settings: any other name may be that of the relay.
  const relay = name === 'api' || name === 'indexer' ? [] : ['oracle key'];
  return { touches: ['services', ...relay], blockedBy: 'itself or residual', holdsUpOthers: false };
}

/** For the plan id: what is started or stopped, and the state from which. */
export function serviceBasis({ unit, state, relay }: ServiceFacts) {
  return { unit, state, oracle: relay?.oracle ?? null };
}

/** systemd's limit for the stop, and what else the change may take. In milliseconds. */
export function changeLimitMs({ stopLimitMs }: Pick<ServiceFacts, 'stopLimitMs'>): number {
  return (stopLimitMs ?? 90_000) + 30_000;
}
