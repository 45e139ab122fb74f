// The HTTP side: requests, their limits, and an end in good order. It knows nothing of networks.
import { createServer } from 'node:http';

const MOST_BYTES = 4 * 2 ** 20;
const MOST_ROWS = 4096;
/** How long a prediction may take, and how long the end of the service; ms. */
const PREDICTION_LIMIT = 5000;
const FAREWELL = 10_000;

/** What the client is told: a status and what is wrong. */
class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * Serves POST /predict, `{ "rows": [[...], ...] }` to `{ "outputs": [[...], ...] }`, and GET /health.
 * @param {(rows: number[][], options: { signal: AbortSignal }) => Promise<Float32Array>} predict
 * @returns the server, and `close`, which answers what has come in and nothing more
 */
export function createService(predict) {
  // 'failed': a thread has ended, and whoever watches the service should start it anew.
  let state = 'ok';
  const server = createServer(async (request, response) => {
    const { status, body } = await answer(request, response).catch((error) => {
      if (error.code === 'ERR_WORKER_FAILED') state = 'failed';
      return failure(error);
    });
    // A connection that is kept open would keep the server from closing, and go on with a body that is too long.
    const connection = state !== 'ok' || status === 413 ? { connection: 'close' } : {};
    response.writeHead(status, { 'content-type': 'application/json', ...connection }).end(JSON.stringify(body));
  });

  async function answer(request, response) {
    const { method, url } = request;
    if (url === '/health') return { status: state === 'ok' ? 200 : 503, body: { status: state } };
    if (url !== '/predict') throw new Refusal(404, 'there are POST /predict and GET /health');
    if (method !== 'POST') throw new Refusal(405, 'expected POST');
    const rows = rowsOf(await readBody(request));
    // Who has hung up does not wait for an answer.
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const Y = await predict(rows, { signal: AbortSignal.any([gone.signal, AbortSignal.timeout(PREDICTION_LIMIT)]) });
    const K = Y.length / rows.length;
    return { status: 200, body: { outputs: rows.map((_, r) => Array.from(Y.subarray(r * K, (r + 1) * K))) } };
  }

  async function close() {
    state = 'closing';
    const late = setTimeout(() => server.closeAllConnections(), FAREWELL);
    await new Promise((done) => {
      server.close(done);
      server.closeIdleConnections();
    });
    clearTimeout(late);
  }

  return { server, close };
}

async function readBody(request) {
  const pieces = [];
  let bytes = 0;
  // The answer needs the connection, also where the rest is not read.
  for await (const piece of request.iterator({ destroyOnReturn: false })) {
    bytes += piece.length;
    if (bytes > MOST_BYTES) throw new Refusal(413, `expected at most ${MOST_BYTES} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}

function rowsOf(text) {
  let rows;
  try {
    rows = JSON.parse(text)?.rows;
  } catch (error) {
    throw new Refusal(400, `expected JSON: ${error.message}`);
  }
  if (!Array.isArray(rows) || rows.length === 0 || !rows.every(Array.isArray)) {
    throw new Refusal(400, 'expected { "rows": [[...], ...] } with at least one row');
  }
  if (rows.length > MOST_ROWS) throw new Refusal(413, `expected at most ${MOST_ROWS} rows, got ${rows.length}`);
  return rows;
}

/** The predictor names the number that is wrong; what it cannot help is ours. */
function failure(error) {
  if (error instanceof Refusal) return { status: error.status, body: { error: error.message } };
  if (error instanceof TypeError || error instanceof RangeError) return { status: 400, body: { error: error.message } };
  const unavailable = ['ERR_ABORTED', 'ERR_CLOSED', 'ERR_WORKER_FAILED'].includes(error.code);
  console.error(error);
  return { status: unavailable ? 503 : 500, body: { error: error.code ?? 'internal error' } };
}
