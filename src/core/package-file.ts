import { existsSync } from 'node:fs';
import { GradpoolError } from './errors.ts';

const ADVICE =
  'a bundler leaves such files behind. Keep gradpool external and install it where the program runs: esbuild --external:gradpool, ' +
  "external: ['gradpool'] in Rollup and Rolldown, externals in webpack, ssr.external in Vite, serverExternalPackages in Next.js. " +
  'For predictions alone, gradpool/predict is one file that can be bundled';

/**
 * Where a file of this package is: a kernel, a thread.
 * @param path - from the module that asks
 * @param module - its `import.meta.url`, which bundles of CommonJS have not
 * @throws GradpoolError ERR_FILE_MISSING if it is not there
 */
export function packageFile(path: string, module: string | undefined): URL {
  const url = module === undefined || !URL.canParse(path, module) ? undefined : new URL(path, module);
  if (url?.protocol === 'file:' && existsSync(url)) return url;
  const name = path.split('/').at(-1)!;
  throw new GradpoolError('ERR_FILE_MISSING', `${name} of gradpool is not beside its code: ${ADVICE}`);
}
