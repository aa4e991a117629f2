// Checks that imports point one way, on resolved paths, type imports included, and that a library is imported only
// where it belongs. Part of `npm run lint`.
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What the files of a folder may import, besides each other. A folder further down knows none further up. */
const ground = ['src/text', 'src/http', 'src/errors', 'src/config', 'src/output', 'src/runbook'];
const services = ['src/chain', 'src/database', 'src/host', 'src/api', 'src/journal'];
const shared = [...ground, ...services, 'src/operations', 'src/observe'];
const allowed: Readonly<Record<string, readonly string[]>> = {
  'src/text': [],
  'src/http': [],
  'src/errors': ['src/text'],
  'src/config': ['src/errors', 'src/text'],
  'src/output': ['src/config', 'src/errors', 'src/text'],
  'src/runbook': ['src/config', 'src/errors', 'src/text'],
  ...Object.fromEntries(services.map((service) => [service, ground])),
  'src/observe': [...ground, ...services, 'src/operations'],
  'src/operations': [...ground, ...services],
  'src/engine': [...ground, 'src/journal'],
  'src/cli': [...ground, 'src/journal'],
  'src/sandbox': [...ground, ...services],
  runbooks: shared,
  'runbooks/sandbox': [...shared, 'src/sandbox'],
  'runbooks/drill': [...shared, 'src/sandbox'],
  'src/registry.generated.ts': ['src/runbook', 'runbooks', 'runbooks/sandbox', 'runbooks/drill'],
  // The composition root.
  src: [...shared, 'src/engine', 'src/cli', 'src/registry.generated.ts'],
};

/** Where a package may be imported; one that is not named, anywhere. */
const libraries: Readonly<Record<string, readonly string[]>> = {
  viem: ['src/chain', 'src/sandbox', 'src/runbook'],
  ox: ['src/chain', 'src/sandbox'],
  kysely: ['src/database', 'src/runbook'],
  pg: ['src/database', 'src/sandbox'],
  execa: ['src/host', 'src/sandbox'],
  commander: ['src/cli'],
  chalk: ['src/cli'],
  ora: ['src/cli'],
  '@inquirer/prompts': ['src/cli'],
  yaml: ['src/config', 'src/sandbox'],
};

export interface SourceFile {
  /** Relative to the project, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** @returns one line for each import that is not allowed, and for each import circle */
export function findForbidden(files: readonly SourceFile[]): readonly string[] {
  const imports = new Map(files.map((file) => [file.path, importsOf(file)]));
  const forbidden = [...imports].flatMap(([path, specifiers]) =>
    specifiers.flatMap((specifier) => {
      const reason = whyForbidden(path, specifier);
      return reason === undefined ? [] : [`${path} imports ${specifier}: ${reason}`];
    }),
  );
  return [...forbidden, ...circlesOf(imports).map((circle) => `import circle: ${circle.join(', ')}`)];
}

/** Resolved paths of files, and names of packages. */
export function importsOf({ path, text }: SourceFile): readonly string[] {
  const statements = text.matchAll(
    /^(?:import|export)\b[^'"`;]*?from '([^']+)'|^import '([^']+)'|\b(?:import|require)\('([^']+)'\)/gm,
  );
  return [...statements].map(([, from, bare, lazy]) => {
    const specifier = from ?? bare ?? lazy ?? '';
    return specifier.startsWith('.') ? normalize(join(dirname(path), specifier)) : specifier;
  });
}

function whyForbidden(path: string, specifier: string): string | undefined {
  const from = folderOf(path);
  if (!/\.(ts|sh|awk|bash|zsh|fish)$/.test(specifier)) {
    const name = specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/');
    const places = libraries[name];
    return places === undefined || places.includes(from)
      ? undefined
      : `${name} belongs to ${places.join(', ')}`;
  }
  const to = folderOf(specifier);
  if (from.startsWith('runbooks') && to.startsWith('runbooks')) return whyForeign(path, specifier);
  if (from === to) return undefined;
  return allowed[from]?.includes(to) === true ? undefined : `${from} may not import ${to}`;
}

/** A command imports its own further files (`reindex.preflight.ts`), and nothing of another command. */
function whyForeign(path: string, specifier: string): string | undefined {
  const ownerOf = (file: string) => file.replace(/^(.*\/[^./]+)\.[^/]+$/, '$1');
  return ownerOf(path) === ownerOf(specifier)
    ? undefined
    : 'what two commands share belongs to src/operations';
}

function folderOf(path: string): string {
  if (allowed[path] !== undefined) return path;
  const [first = '', second = ''] = path.split('/');
  const folder = `${first}/${second}`;
  if (allowed[folder] !== undefined) return folder;
  return first;
}

/** Strongly connected components of more than one file (Tarjan). */
function circlesOf(graph: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const circles: (readonly string[])[] = [];
  const visit = (file: string): number => {
    const number = order.size;
    order.set(file, number);
    lowest.set(file, number);
    stack.push(file);
    for (const next of graph.get(file) ?? []) {
      if (!graph.has(next)) continue;
      const reached = !order.has(next)
        ? visit(next)
        : stack.includes(next)
          ? (order.get(next) ?? number)
          : number;
      lowest.set(file, Math.min(lowest.get(file) ?? number, reached));
    }
    const low = lowest.get(file) ?? number;
    if (low === number) {
      const circle = stack.splice(stack.indexOf(file));
      if (circle.length > 1) circles.push(circle.toSorted());
    }
    return low;
  };
  for (const file of graph.keys()) if (!order.has(file)) visit(file);
  return circles;
}

async function sources(root: string): Promise<readonly SourceFile[]> {
  const found = await Promise.all(
    ['src', 'runbooks'].map(async (folder) =>
      (await readdir(join(root, folder), { recursive: true })).map((file) => `${folder}/${file}`),
    ),
  );
  return found
    .flat()
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.generated.ts'))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = findForbidden(await sources(fileURLToPath(new URL('..', import.meta.url))));
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) {
    console.error(
      'Move the code to a folder that may import both (CONTRIBUTING.md, "Where things are"), or pass the value in as a parameter.',
    );
    process.exit(1);
  }
}
