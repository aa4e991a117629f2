import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

// Cast itself, not the launcher of its package, which would be a Node process in front of it.
export function castBinary() {
  const suffix = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`;
  // The platform's package may be nested in the wrapper's folder, so it is looked up from there.
  const wrapper = createRequire(createRequire(import.meta.url).resolve('@foundry-rs/cast/package.json'));
  return join(dirname(wrapper.resolve(`@foundry-rs/cast-${suffix}/package.json`)), 'bin', 'cast');
}
