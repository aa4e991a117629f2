// Shell and awk programs are files beside the module that runs or prints them (`src/host/replaceFile.sh`), imported as text:
// `import script from './replaceFile.sh'`. Three loaders have to know this: esbuild, Vite, and Node itself.
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

const extensions = ['.sh', '.awk', '.bash', '.zsh', '.fish'] as const;

export function isProgram(path: string): boolean {
  return extensions.some((extension) => path.endsWith(extension));
}

/** For esbuild's `loader`. */
export const programLoaders = Object.fromEntries(extensions.map((extension) => [extension, 'text' as const]));

/** For Vite's `plugins`. */
export const programPlugin = {
  name: 'programs-as-text',
  transform: (text: string, path: string) =>
    isProgram(path) ? { code: moduleOf(text), map: null } : undefined,
};

/** For what this process imports from now on. */
export function loadProgramsAsText(): void {
  registerHooks({
    load: (url, context, next) =>
      isProgram(url)
        ? { format: 'module', source: moduleOf(readFileSync(fileURLToPath(url), 'utf8')), shortCircuit: true }
        : next(url, context),
  });
}

function moduleOf(text: string): string {
  return `export default ${JSON.stringify(text)};`;
}
