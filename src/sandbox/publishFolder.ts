import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Fills a new folder and gives it its name, unless another process has done so meanwhile: others see it
 * whole or not at all. Where `fill` fails nothing is left.
 * @param fill gets an empty folder beside; returns the folder in it that is meant, or nothing for itself
 */
export async function publishFolder(
  path: string,
  fill: (draft: string) => Promise<string | undefined>,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = await mkdtemp(`${path}-`);
  try {
    await rename((await fill(draft)) ?? draft, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}
