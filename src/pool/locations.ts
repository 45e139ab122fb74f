// The one place that knows where the thread entry points are: the bundles of `workers`, see `rolldown.config.js`. The
// distance from here to there is the same in the repository, in node_modules and within a bundle.
import { packageFile } from '../core/package-file.ts';

/** The coordinator's own thread. */
export function coordinatorEntry(): URL {
  return packageFile('../../workers/bundled/coordinator.js', import.meta.url);
}

/** One of the worker threads. */
export function workerEntry(): URL {
  return packageFile('../../workers/bundled/worker.js', import.meta.url);
}

/** One of the threads that predict. */
export function predictEntry(): URL {
  return packageFile('../../workers/bundled/predict.js', import.meta.url);
}
