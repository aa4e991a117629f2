import { existsSync, readFileSync } from 'node:fs';
import type { Network } from './chain/anvilCommand.ts';
import type { Deployment, Generation } from './chain/deployment.ts';
import { isSameProcess } from './machine/processStart.ts';
import type { Machine } from './machine/startMachine.ts';
import type { SandboxPaths } from './paths.ts';
import type { SchemaForm } from './postgres/createDatabase.ts';
import { writeWhole } from './writeWhole.ts';

/** All on 127.0.0.1. `rpc` is the proxy in front of `chain`, and what TempoVault uses. */
export interface Ports {
  readonly chain: number;
  readonly rpc: number;
  readonly database: number;
  readonly api: number;
}

/** What is known about a sandbox once it is up. Holds no secret: those are in `.env` and `pgpass`. */
export interface SandboxState {
  readonly name: string;
  readonly dir: string;
  readonly network: Network;
  readonly contracts: Generation;
  readonly databaseSchema: SchemaForm;
  readonly machine: Machine;
  readonly ports: Ports;
  readonly deployment: Deployment;
  /** How long `up` took. */
  readonly seconds: number;
}

export const unitNames = [
  'sandbox-chain',
  'sandbox-rpc',
  'sandbox-database',
  'tempovault-api',
  'tempovault-indexer',
  'tempovault-oracle',
] as const;

/** Undefined where `up` has not come to its end. */
export function readSandboxState(paths: SandboxPaths): SandboxState | undefined {
  if (!existsSync(paths.state)) return undefined;
  return JSON.parse(readFileSync(paths.state, 'utf8')) as SandboxState;
}

/** Written whole or not at all: the file's presence says that the sandbox is complete. */
export function writeState(paths: SandboxPaths, state: SandboxState): void {
  writeWhole(paths.state, `${JSON.stringify(state, null, 2)}\n`);
}

/** The state of a sandbox that is up; undefined where it is not, or only its files are left. */
export function runningState(paths: SandboxPaths): SandboxState | undefined {
  const state = readSandboxState(paths);
  return state !== undefined && isSameProcess(state.machine.init) ? state : undefined;
}
