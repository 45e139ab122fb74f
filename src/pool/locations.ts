// The one place that knows where the thread entry points are: the bundles of `workers`, see `rolldown.config.js`. The
// distance from here to there is the same in the repository, in node_modules and within a bundle.

/** The coordinator's own thread. */
export const COORDINATOR_ENTRY = new URL('../../workers/bundled/coordinator.js', import.meta.url);
/** One of the worker threads. */
export const WORKER_ENTRY = new URL('../../workers/bundled/worker.js', import.meta.url);
/** One of the threads that predict. */
export const PREDICT_ENTRY = new URL('../../workers/bundled/predict.js', import.meta.url);
