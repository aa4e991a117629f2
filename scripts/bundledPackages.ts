// What of other packages is in a bundle, by esbuild's own record of it: licences and software bill of materials.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';

export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression. */
  readonly license: string;
  readonly licenseText: string | undefined;
  /** Of the package's archive in the registry, as the lock file has it: `sha512-…`. */
  readonly integrity: string | undefined;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: unknown;
}

/** Packages of which at least one file went into an output, by their names. */
export function bundledPackages(root: string, metafiles: readonly Metafile[]): readonly BundledPackage[] {
  const inputs = metafiles.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap((one) => Object.keys(one.inputs)),
  );
  const folders = new Set(
    inputs.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []),
  );
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly integrity?: string }>>;
  };
  return [...folders].toSorted().map((folder) => {
    const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest;
    const { name, version, license } = manifest;
    if (typeof license !== 'string') throw new Error(`${name} ${version} names no licence`);
    const file = readdirSync(join(root, folder)).find((one) => /^licen[cs]e/i.test(one));
    const text = file === undefined ? undefined : readFileSync(join(root, folder, file), 'utf8').trim();
    return { name, version, license, licenseText: text, integrity: lock.packages[folder]?.integrity };
  });
}

/** The licence of each package, as the licences themselves ask. */
export function thirdPartyLicenses(packages: readonly BundledPackage[]): string {
  return packages
    .map(
      ({ name, version, license, licenseText = 'The package has no file with its text.' }) =>
        `${name} ${version} (${license})\n\n${licenseText}\n`,
    )
    .join(`\n${'-'.repeat(80)}\n\n`);
}

/**
 * A software bill of materials in CycloneDX 1.6 (cyclonedx.org/docs/1.6/json): what is bundled, and nothing that only
 * builds or tests. Without a time and a serial number, so that the same source makes the same file.
 */
export function softwareBill(own: Manifest, packages: readonly BundledPackage[]): string {
  const component = {
    type: 'application',
    'bom-ref': packageUrl(own),
    ...named(own.name),
    version: own.version,
    purl: packageUrl(own),
    licenses: licenses(own.license),
  };
  const components = packages.map((one) => ({
    type: 'library',
    'bom-ref': packageUrl(one),
    ...named(one.name),
    version: one.version,
    purl: packageUrl(one),
    licenses: licenses(one.license),
    ...(one.integrity === undefined ? {} : { hashes: [hashOf(one.integrity)] }),
  }));
  const bill = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component },
    components,
    dependencies: [{ ref: packageUrl(own), dependsOn: packages.map(packageUrl) }],
  };
  return `${JSON.stringify(bill, undefined, 2)}\n`;
}

/** An npm scope is the group of a component. */
function named(full: string): { readonly group?: string; readonly name: string } {
  const [, group, name = full] = /^(@[^/]+)\/(.+)$/.exec(full) ?? [];
  return group === undefined ? { name } : { group, name };
}

/** purl-spec, type npm: the `@` of a scope is percent-encoded. */
function packageUrl({ name, version }: Pick<Manifest, 'name' | 'version'>): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

function licenses(license: unknown): readonly object[] {
  const text = String(license);
  return [/[ ()]/.test(text) ? { expression: text } : { license: { id: text } }];
}

/** Subresource Integrity has the digest in base64, CycloneDX in hex. */
function hashOf(integrity: string): { readonly alg: string; readonly content: string } {
  const [, bits, digest = ''] = /^sha(256|384|512)-(\S+)$/.exec(integrity) ?? [];
  if (bits === undefined) throw new Error(`unknown integrity: ${integrity}`);
  return { alg: `SHA-${bits}`, content: Buffer.from(digest, 'base64').toString('hex') };
}
