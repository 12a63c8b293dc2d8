// Uses the addon as lib/native.ts does, with a function for wakes that throws: nothing of hawser is to catch that.

import { createRequire } from 'node:module';

const { attach, constants, Session } = createRequire(import.meta.url)(process.env.HAWSER_ADDON);

process.on('uncaughtException', (error, origin) => {
  console.log(`${origin}: ${error.message}`);
  process.exit();
});
attach(new ArrayBuffer(constants.deskSize), () => {
  throw new Error('thrown in dispatch');
});
const session = new Session({
  targets: [{ address: '127.0.0.1', port: 1 }],
  attemptDelay: 250,
  localPort: 0,
  noDelay: true,
  keepAlive: false,
  keepAliveInitialDelay: 0,
  openTimeout: 0,
  closeTimeout: 0,
  pingInterval: 0,
  pingTimeout: 0,
  maxMessageSize: 1,
  maxFragmentSize: 1,
  observation: 0,
  maxFragments: 1,
  highMessages: 1,
  lowMessages: 1,
  highBytes: 1,
  lowBytes: 1,
  writeLow: 1,
});
session.terminate();
