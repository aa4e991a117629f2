import solc from 'solc';

/** Compiles Solidity sources, by file name; returns every contract's bytecode by its name. */
export function compile(sources: Readonly<Record<string, string>>): Readonly<Record<string, `0x${string}`>> {
  const output = JSON.parse(
    solc.compile(
      JSON.stringify({
        language: 'Solidity',
        sources: Object.fromEntries(Object.entries(sources).map(([name, content]) => [name, { content }])),
        settings: {
          optimizer: { enabled: true, runs: 200 },
          evmVersion: 'cancun',
          outputSelection: { '*': { '*': ['evm.bytecode.object'] } },
        },
      }),
    ),
  );
  const errors = (output.errors ?? []).filter((error: { severity: string }) => error.severity === 'error');
  if (errors.length > 0) throw new Error(JSON.stringify(errors, null, 2));
  const files = Object.values<Record<string, { evm: { bytecode: { object: string } } }>>(output.contracts);
  return Object.fromEntries(
    files
      .flatMap((file) => Object.entries(file))
      .map(([name, { evm }]) => [name, `0x${evm.bytecode.object}` as const]),
  );
}
