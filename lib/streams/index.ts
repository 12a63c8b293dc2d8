/**
 * `hawser/streams`: a connection as streams, of Node and of the web. `index.mts` repeats the names for `import`; a test
 * compares the two.
 */

export { createDuplex } from './duplex.js';
export type { DuplexOptions, WebStreamsOptions } from './options.js';
export { createWebStreams, type WebStreams } from './web.js';
