import type { Encoding } from '../data/encoding.ts';
import type { Network } from '../nn/network.ts';
import { type LoadedModel, MODEL_KIND, type ModelMeta, networkToBytes, readModel } from './model.ts';
import { openSafetensors } from './source.ts';
import { checkPath, writeAside } from './write-aside.ts';

/**
 * Saves a network with all that is needed to predict, as one safetensors file. An earlier file at the path is replaced
 * when the new one is whole, and keeps its mode and owner; a symbolic link stays, and a device or pipe is written to.
 * @param path - usually ending in .safetensors
 * @throws TypeError if the meta is no plain JSON, RangeError if a weight is not finite or `classes` are not as many
 * as the outputs, what `node:fs` throws
 *
 * @example
 * await saveNetwork('mail.safetensors', network, { classes: ['ham', 'spam'] });
 * const { network: same, classes } = await loadNetwork('mail.safetensors');
 */
export async function saveNetwork(path: string | URL, network: Network, meta: ModelMeta = {}): Promise<void> {
  const place = checkPath('path', path);
  await writeAside('path', place, networkToBytes(network, meta));
}

/**
 * Loads what {@link saveNetwork} saved.
 * @typeParam E - what was saved as the encoding, if not that of a table
 * @throws GradpoolError ERR_BAD_FILE telling what is wrong in which file; what `node:fs` throws if it cannot be opened
 */
export async function loadNetwork<E = Encoding>(path: string | URL): Promise<LoadedModel<E>> {
  const { bad, file } = await openSafetensors('path', checkPath('path', path), MODEL_KIND);
  return readModel(bad, file);
}
