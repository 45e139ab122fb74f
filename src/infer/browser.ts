// The entry of the browser build: prediction alone, in one module without imports (rolldown.config.js).
import { text, wrongType } from '../core/checks.ts';
import { isUrl } from '../core/realm.ts';
import type { Encoding } from '../data/encoding.ts';
import { badFile } from '../formats/bad-file.ts';
import { type LoadedModel, MODEL_KIND, readModel } from '../formats/model.ts';
import { parseSafetensors } from '../formats/safetensors.ts';

export { GradpoolError, type ErrorCode } from '../core/errors.ts';
export type { OutputArray } from '../core/scaling.ts';
export { type LoadedModel, networkFromBytes } from '../formats/model.ts';
export { Predictor, type PredictorInfo, type PredictorOptions } from './predictor.ts';

/**
 * Fetches a model file that `saveNetwork` wrote.
 * @throws GradpoolError ERR_BAD_FILE telling what is wrong with it, or that the server has not sent it; what `fetch` throws
 *
 * @example
 * import { fetchNetwork, Predictor } from 'gradpool/predict';
 * const { network, classes } = await fetchNetwork('digits.safetensors');
 * const y = new Predictor(network).predictOne(pixels);
 */
export async function fetchNetwork<E = Encoding>(url: string | URL): Promise<LoadedModel<E>> {
  if (!isUrl(url)) {
    if (typeof url !== 'string') throw wrongType('url', 'URL', url);
    text('url', url);
  }
  const response = await fetch(url);
  const bad = badFile(String(url), MODEL_KIND);
  if (!response.ok) throw bad(`the server answered ${response.status} ${response.statusText}`);
  return readModel(bad, parseSafetensors(bad, new Uint8Array(await response.arrayBuffer())));
}
