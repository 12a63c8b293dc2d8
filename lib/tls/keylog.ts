/** Where TLS keys are written to, for tools that look into traffic: `--tls-keylog`, or `SSLKEYLOGFILE`. */

import type { Buffer } from 'node:buffer';
import { appendFileSync } from 'node:fs';
import { flagValue } from '../runtime-flags.js';

const file = flagValue('--tls-keylog') ?? process.env['SSLKEYLOGFILE'];
let warned = false;

/** Whether keys are to be written anywhere. */
export const keylogWanted: boolean = file !== undefined && file !== '';

/** Appends a line in the format of NSS. A file that can't be written to is told of once, and ends nothing. */
export function writeKeylog(line: Buffer): void {
  if (!keylogWanted) return;
  try {
    if (!warned) {
      process.emitWarning(`TLS connections are insecure while their secret keys are written to ${file}`);
    }
    appendFileSync(file as string, `${line.toString('latin1')}\n`, { mode: 0o600 });
  } catch (error) {
    if (!warned) process.emitWarning(`can not write TLS keys: ${(error as Error).message}`);
  }
  warned = true;
}
