// The one place that knows where the thread entry points are. The compiled output mirrors the sources, so the
// distance from here to there is the same in the repository and in node_modules.

/** The coordinator's own thread. */
export const COORDINATOR_ENTRY = new URL('../../workers/coordinator.js', import.meta.url);
/** One of the worker threads. */
export const WORKER_ENTRY = new URL('../../workers/worker.js', import.meta.url);
/** One of the threads that predict. */
export const PREDICT_ENTRY = new URL('../../workers/predict.js', import.meta.url);
