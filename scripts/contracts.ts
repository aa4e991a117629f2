// Compiles the sandbox's contracts into src/sandbox/contracts/artifacts, one TypeScript module a contract,
// so that viem infers types from the interfaces. They are not in git: every build calls this, and it compiles only
// where a source, the compiler or this script has changed.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../src/sandbox/contracts/', import.meta.url));
const artifacts = join(root, 'artifacts');

const sourceNames = async () =>
  (await readdir(root, { recursive: true })).filter((name) => name.endsWith('.sol')).sort();

interface SolcOutput {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[];
  readonly contracts: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          { readonly abi: unknown; readonly evm: { readonly bytecode: { readonly object: string } } }
        >
      >
    >
  >;
}

/** @returns the text of each module by its path below the artifacts */
async function compile(): Promise<ReadonlyMap<string, string>> {
  // Half a second to load.
  const { default: solc } = await import('solc');
  const sources: Record<string, { readonly content: string }> = {};
  for (const name of await sourceNames()) {
    sources[name] = { content: await readFile(join(root, name), 'utf8') };
  }
  const output: SolcOutput = JSON.parse(
    solc.compile(
      JSON.stringify({
        language: 'Solidity',
        sources,
        settings: {
          optimizer: { enabled: true, runs: 200 },
          evmVersion: 'cancun',
          metadata: { bytecodeHash: 'none', appendCBOR: false },
          outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } },
        },
      }),
    ),
  );
  const errors = (output.errors ?? []).filter((error) => error.severity === 'error');
  if (errors.length > 0) throw new Error(errors.map((error) => error.formattedMessage).join('\n'));

  const modules = new Map<string, string>();
  for (const [source, contracts] of Object.entries(output.contracts)) {
    for (const [name, { abi, evm }] of Object.entries(contracts)) {
      // Interfaces and abstract contracts cannot be deployed.
      if (evm.bytecode.object === '') continue;
      modules.set(
        `${dirname(source)}/${name}.ts`,
        render(name, source, abi, evm.bytecode.object, solc.version()),
      );
    }
  }
  return modules;
}

const render = (name: string, source: string, abi: unknown, bytecode: string, version: string) =>
  [
    `// Generated from ${source} by scripts/contracts.ts (solc ${version.split('+')[0]}).`,
    `export const ${name.charAt(0).toLowerCase()}${name.slice(1)} = {`,
    `  abi: ${JSON.stringify(abi, null, 2).replaceAll('\n', '\n  ')},`,
    `  bytecode: '0x${bytecode}',`,
    '} as const;',
    '',
  ].join('\n');

/** What the artifacts were compiled from: the sources, the compiler and this script. */
async function digestOfSources(): Promise<string> {
  const hash = createHash('sha256');
  for (const name of await sourceNames()) {
    hash.update(`${name}\0`).update(await readFile(join(root, name)));
  }
  const compiler = await readFile(fileURLToPath(import.meta.resolve('solc/package.json')));
  return hash
    .update(compiler)
    .update(await readFile(fileURLToPath(import.meta.url)))
    .digest('hex');
}

/**
 * Writes the artifacts where the sources, or the compiler, have changed since.
 * @returns how many were written; 0 where they are up to date
 */
export async function compileContracts(): Promise<number> {
  const digest = await digestOfSources();
  const mark = join(artifacts, 'digest');
  const [made, ...modulesMade] = (await readFile(mark, 'utf8').catch(() => '')).split('\n');
  const isThere = (name: string) => existsSync(join(artifacts, name));
  if (made === digest && modulesMade.length > 0 && modulesMade.every(isThere)) return 0;
  const modules = await compile();
  await rm(artifacts, { recursive: true, force: true });
  for (const [name, text] of modules) {
    await mkdir(dirname(join(artifacts, name)), { recursive: true });
    await writeFile(join(artifacts, name), text);
  }
  // Last: a compilation that was cut off is done again.
  await writeFile(mark, [digest, ...modules.keys()].join('\n'));
  return modules.size;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(`${await compileContracts()} artifacts written.`);
}
