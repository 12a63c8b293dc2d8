/** `hawser/streams` for `import`: the names of `index.ts`, which is the one implementation. */

export type { DuplexOptions, WebStreams, WebStreamsOptions } from './index.js';
export { createDuplex, createWebStreams } from './index.js';
