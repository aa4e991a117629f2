import type { Address } from '../../../config/settings.ts';

/** @throws Error naming the variable, never its value */
export function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set`);
  return value;
}

export function numberFrom(name: string, otherwise?: number): number {
  const text = process.env[name];
  if ((text === undefined || text === '') && otherwise !== undefined) return otherwise;
  const number = Number(required(name));
  if (!Number.isFinite(number)) throw new Error(`${name} is not a number`);
  return number;
}

export function addressFrom(name: string): Address {
  const value = required(name);
  if (!/^0x[0-9a-fA-F]{40}$/.test(value)) throw new Error(`${name} is not an address`);
  return value as Address;
}

/** Contracts whose logs are indexed: all four of the protocol. */
export function protocolAddresses(): readonly Address[] {
  return [
    'GOVERNANCE_ROLES_ADDRESS',
    'RISK_CONTROLLER_ADDRESS',
    'TREASURY_VAULT_ADDRESS',
    'DEX_STRATEGY_ADDRESS',
  ].map(addressFrom);
}
