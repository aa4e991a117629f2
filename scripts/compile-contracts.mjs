// Compiles the sandbox's contracts into src/sandbox/contracts/artifacts, one TypeScript module a contract,
// so that viem infers types from the interfaces. With --check it compiles and compares instead.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import solc from 'solc';

const root = fileURLToPath(new URL('../src/sandbox/contracts/', import.meta.url));
const artifacts = join(root, 'artifacts');

const files = async (directory, ending) =>
  (await readdir(directory, { recursive: true })).filter((name) => name.endsWith(ending)).sort();

async function compile() {
  const sources = {};
  for (const name of (await files(root, '.sol')).map((path) => path.replaceAll('\\', '/'))) {
    sources[name] = { content: await readFile(join(root, name), 'utf8') };
  }
  const output = JSON.parse(
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

  const modules = new Map();
  for (const [source, contracts] of Object.entries(output.contracts)) {
    for (const [name, { abi, evm }] of Object.entries(contracts)) {
      // Interfaces and abstract contracts cannot be deployed.
      if (evm.bytecode.object === '') continue;
      modules.set(`${dirname(source)}/${name}.ts`, render(name, source, abi, evm.bytecode.object));
    }
  }
  return modules;
}

const render = (name, source, abi, bytecode) =>
  [
    `// Generated from ${source} by scripts/compile-contracts.mjs (solc ${solc.version().split('+')[0]}).`,
    `export const ${name[0].toLowerCase()}${name.slice(1)} = {`,
    `  abi: ${JSON.stringify(abi, null, 2).replaceAll('\n', '\n  ')},`,
    `  bytecode: '0x${bytecode}',`,
    '} as const;',
    '',
  ].join('\n');

const modules = await compile();
if (process.argv.includes('--check')) {
  const present = await files(artifacts, '.ts').catch(() => []);
  const stale = present.filter((name) => !modules.has(name));
  for (const [name, text] of modules) {
    if ((await readFile(join(artifacts, name), 'utf8').catch(() => '')) !== text) stale.push(name);
  }
  if (stale.length > 0) {
    console.error(`Not what the sources compile to: ${stale.join(', ')}\nNext: npm run contracts`);
    process.exit(1);
  }
  console.log(`${modules.size} artifacts are what the sources compile to.`);
} else {
  await rm(artifacts, { recursive: true, force: true });
  for (const [name, text] of modules) {
    await mkdir(dirname(join(artifacts, name)), { recursive: true });
    await writeFile(join(artifacts, name), text);
  }
  console.log(`${modules.size} artifacts written.`);
}
