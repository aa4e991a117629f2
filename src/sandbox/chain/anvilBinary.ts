import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { onThisMachine } from '../../errors/advice.ts';
import { TvError } from '../../errors/TvError.ts';

/**
 * Path of anvil's own executable, from the platform package that `@foundry-rs/anvil` depends on. The
 * wrapper's launcher is passed over: it would be a second process between us and the chain.
 *
 * @throws TvError where the package is not installed (only the sandbox needs it, so an installation of tv does not bring it) or has no build for this platform
 */
export function anvilBinary(platform: string = process.platform, arch: string = process.arch): string {
  const suffix = `${platform}-${arch === 'x64' ? 'amd64' : arch}`;
  const name = platform === 'win32' ? 'anvil.exe' : 'anvil';
  const require = createRequire(import.meta.url);
  try {
    // The platform package may be nested in the wrapper's folder, so it is looked up from there.
    const wrapper = createRequire(require.resolve('@foundry-rs/anvil/package.json'));
    const path = join(dirname(wrapper.resolve(`@foundry-rs/anvil-${suffix}/package.json`)), 'bin', name);
    accessSync(path, constants.X_OK);
    return path;
  } catch (cause) {
    throw new TvError('sandbox.needs-program', 'The sandbox needs anvil, and it is not installed.', {
      facts: { package: '@foundry-rs/anvil', platform: suffix },
      next: onThisMachine('npm install -g @foundry-rs/anvil', 'install it beside tv'),
      cause,
    });
  }
}
