import solc from 'solc';

export interface Compiled {
  // biome-ignore lint/suspicious/noExplicitAny: an interface known only at run time
  readonly abi: any;
  readonly bytecode: `0x${string}`;
}

/** Compiles Solidity sources, by file name; returns every contract by its name. */
export function compile(sources: Readonly<Record<string, string>>): Readonly<Record<string, Compiled>> {
  const output = JSON.parse(
    solc.compile(
      JSON.stringify({
        language: 'Solidity',
        sources: Object.fromEntries(Object.entries(sources).map(([name, content]) => [name, { content }])),
        settings: {
          optimizer: { enabled: true, runs: 200 },
          evmVersion: 'cancun',
          outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } },
        },
      }),
    ),
  );
  const errors = (output.errors ?? []).filter((error: { severity: string }) => error.severity === 'error');
  if (errors.length > 0) throw new Error(JSON.stringify(errors, null, 2));
  const contracts: Record<string, Compiled> = {};
  for (const file of Object.values<Record<string, { abi: unknown; evm: { bytecode: { object: string } } }>>(
    output.contracts,
  )) {
    for (const [name, { abi, evm }] of Object.entries(file)) {
      contracts[name] = { abi, bytecode: `0x${evm.bytecode.object}` };
    }
  }
  return contracts;
}
