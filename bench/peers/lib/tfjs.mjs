import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** tfjs on one of its backends. @returns {Promise<{ tf: typeof import('@tensorflow/tfjs-core'), version: string }>} */
export async function loadTfjs(backend) {
  const tf = await import('@tensorflow/tfjs-core');
  const path = fileURLToPath(import.meta.resolve(`@tensorflow/tfjs-backend-${backend}`));
  if (backend === 'wasm') {
    const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
    setWasmPaths(`${dirname(path)}/`);
  } else {
    await import('@tensorflow/tfjs-backend-cpu');
  }
  if (!(await tf.setBackend(backend))) throw new Error(`tfjs did not start its backend ${backend}`);
  await tf.ready();
  return { tf, version: tf.version_core };
}
