// A service that predicts: node examples/server/main.mjs MODEL.safetensors [PORT]
import { loadNetwork, PredictorPool } from 'gradpool';
import { createService } from './service.mjs';

const [model, port = '8080'] = process.argv.slice(2);
if (model === undefined) {
  console.error('usage: node main.mjs MODEL.safetensors [PORT]');
  process.exit(2);
}
const { network } = await loadNetwork(model);
const pool = await PredictorPool.create(network);
const { server, close } = createService((rows, options) => pool.predict(rows, options));

server.listen(Number(port), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));

let closing;
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    // What has come in is answered before the threads end.
    closing ??= close().then(() => pool.close());
  });
}
