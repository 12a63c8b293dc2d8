// A connection in a Worker that is left open: whoever started it ends the Worker.

import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';

/** @type {typeof import('../../lib/index.js')} */
const { connect } = createRequire(import.meta.url)('../../dist/index.js');

const connection = await connect(workerData);
await connection.send('from a Worker');
parentPort?.postMessage(await connection.recv());
