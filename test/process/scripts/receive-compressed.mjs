// Opens one connection after the other to a peer that sends compressed messages, and says by how much memory has grown
// at its highest. Takes one argument, its task as JSON.

import { readFileSync } from 'node:fs';
import { connect } from 'hawser';
import { check, residentMemory } from './own-process.mjs';

/**
 * `warmUp` is the URL of a peer that ends each connection after it has sent a little, `url` that of the peer to look
 * at. `receives` says whether what it sends is received; else the reader is left alone with it for `patience`
 * milliseconds or, where it `closes`, until its end.
 */
const { warmUp, url, options, receives, closes, patience } = JSON.parse(process.argv[2]);

/** Bytes: the most that this process has had in memory so far. */
function highestResidentMemory() {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'latin1'))[1]) * 1024;
}

async function receive(from) {
  const connection = await connect(from, options);
  try {
    if (receives || from === warmUp) for (;;) await connection.recv();
    if (closes) return (await connection.close()).cause?.code;
    await new Promise((resolve) => setTimeout(resolve, patience));
    check(connection.state === 'OPEN', `connection is ${connection.state}`);
  } catch (error) {
    return error.cause?.code;
  } finally {
    await connection.terminate();
  }
}

for (let i = 0; i < 3; i++) await receive(warmUp);
const before = residentMemory();
const code = await receive(url);
console.log(JSON.stringify({ code, growth: highestResidentMemory() - before }));
