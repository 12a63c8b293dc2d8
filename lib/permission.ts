/**
 * Whether Node's permission model lets this process use the network. Node has no say in what a native addon does, so
 * hawser asks before it dials, as `net` would be asked. Reads nothing but what Node was started with. JS thread.
 */

import { lastFlag } from './runtime-flags.js';

/** Node 20 to 24 know no such permission and let everybody use the network; `has()` says no to what it does not know. */
const isKnown = (): boolean => process.allowedNodeEnvironmentFlags.has('--allow-net');

/** Where Node only watches what would be denied, it denies nothing. */
const isAudited = (): boolean => lastFlag('--permission-audit', '--no-permission-audit') === '--permission-audit';

export function isNetworkDenied(): boolean {
  const permission = process.permission as typeof process.permission | undefined;
  return permission !== undefined && !permission.has('net') && isKnown() && !isAudited();
}
