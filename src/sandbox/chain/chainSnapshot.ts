import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { publishFolder } from '../publishFolder.ts';
import type { Network } from './anvilCommand.ts';
import type { Deployment, Generation } from './deployment.ts';
import { type Hex, rpc } from './rpc.ts';

export interface ChainForm {
  readonly network: Network;
  readonly contracts: Generation;
}

/** What a chain holds once its history has been written. */
export interface Past {
  readonly deployment: Deployment;
  /** The history's last block. A chain that starts from a kept one is further. */
  readonly lastBlock: number;
}

/** A chain as it was once its history had been written: every block, transaction and log, and the newest state. */
export interface KeptPast extends Past {
  /** For `anvilCommand`. */
  readonly stateFile: string;
}

/** The past of a chain of this form, where the folder has one. */
export function findPast(folder: string, form: ChainForm): KeptPast | undefined {
  const { description, stateFile } = files(pastOf(folder, form));
  if (!existsSync(description)) return undefined;
  return { ...(JSON.parse(readFileSync(description, 'utf8')) as Past), stateFile };
}

/** Keeps a chain's past, unless another process has done so meanwhile. Others see it whole or not at all. */
export async function keepPast(folder: string, url: string, { deployment, lastBlock }: Past): Promise<void> {
  const state = await rpc<Hex>(url, 'anvil_dumpState');
  const path = pastOf(folder, { network: deployment.network, contracts: deployment.generation });
  await publishFolder(path, async (draft) => {
    const paths = files(draft);
    // Anvil hands it out compressed, and reads it from a file only as it is.
    writeFileSync(paths.stateFile, gunzipSync(Buffer.from(state.slice(2), 'hex')));
    writeFileSync(paths.description, JSON.stringify({ deployment, lastBlock } satisfies Past));
    return undefined;
  });
}

function pastOf(folder: string, { network, contracts }: ChainForm): string {
  return join(folder, `${network}-${contracts}`);
}

function files(directory: string) {
  return { description: join(directory, 'past.json'), stateFile: join(directory, 'state.json') };
}
