// The service of examples/server without a network: it reads and checks rows, does nothing with them and answers zeros.
import { createService } from '../examples/server/service.mjs';

const outputs = Number(process.argv[2]);
const { server, close } = createService((rows) => Promise.resolve(new Float32Array(rows.length * outputs)));
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
process.on('SIGTERM', close);
