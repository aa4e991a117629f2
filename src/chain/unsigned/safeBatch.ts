import { getAddress, keccak256, stringToHex } from 'viem';
import type { Address } from '../../config/settings.ts';

export interface SafeBatchParameters {
  readonly chainId: number;
  readonly name: string;
  readonly description: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly calls: readonly { readonly to: Address; readonly data: `0x${string}` }[];
}

/**
 * A batch file for Safe's Transaction Builder (format 1.0), with the checksum that it compares on
 * import: keccak over a canonical text in which the batch has no name.
 */
export function safeBatch({ chainId, name, description, createdAt, calls }: SafeBatchParameters): string {
  const batch = {
    version: '1.0',
    chainId: String(chainId),
    createdAt,
    meta: {
      name,
      description,
      txBuilderVersion: '1.17.1',
      createdFromSafeAddress: '',
      createdFromOwnerAddress: '',
    },
    transactions: calls.map(({ to, data }) => ({
      to: getAddress(to),
      value: '0',
      data,
      contractMethod: null,
      contractInputsValues: null,
    })),
  };
  const checksum = keccak256(stringToHex(canonical({ ...batch, meta: { ...batch.meta, name: null } })));
  return `${JSON.stringify({ ...batch, meta: { ...batch.meta, checksum } }, null, 2)}\n`;
}

/** The builder's own form: the sorted names of an object first, then its values, each with a comma. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  const names = Object.keys(value).sort();
  return `{${JSON.stringify(names)}${names.map((name) => `${canonical(Reflect.get(value, name))},`).join('')}}`;
}
