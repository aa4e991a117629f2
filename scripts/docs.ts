// Writes what docs/ has from the code: `node scripts/docs.ts`. A test compares it with what is committed.
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { loadProgramsAsText } from './programs.ts';

loadProgramsAsText();
const { registry } = await import('../src/registry.generated.ts');
const { reference } = await import('./docs/reference.ts');

for (const [name, text] of await reference(registry)) {
  await writeFile(fileURLToPath(new URL(`../docs/${name}`, import.meta.url)), text);
}
