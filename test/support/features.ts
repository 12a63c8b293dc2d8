/**
 * What supported Nodes have and others lack. A test that needs one of these is skipped where it is missing, and its name
 * then says why; no test is skipped for a Node's version in any other way.
 */

import * as tls from 'node:tls';
import { test } from 'vitest';

export interface Feature {
  readonly name: string;
  readonly known: boolean;
}

const flags = process.allowedNodeEnvironmentFlags;
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

export const systemCa: Feature = { name: '--use-system-ca', known: flags.has('--use-system-ca') };
/** Can't be asked for: it came to two lines with a minor version. */
export const systemCaVariable: Feature = {
  name: 'NODE_USE_SYSTEM_CA',
  known: major > 24 || (major === 24 && minor >= 6) || (major === 22 && minor >= 19),
};
export const settableCa: Feature = {
  name: 'tls.setDefaultCACertificates()',
  known: 'setDefaultCACertificates' in tls,
};
export const proxyFlag: Feature = { name: '--use-env-proxy', known: flags.has('--use-env-proxy') };
export const networkPermission: Feature = { name: '--allow-net', known: flags.has('--allow-net') };
/** Can't be asked for either: others load an addon that may not be read. */
export const addonReading: Feature = { name: 'permission to read addons', known: major >= 26 };
/** The flag that switches the permission model on. */
export const permissionFlag = flags.has('--permission') ? '--permission' : '--experimental-permission';

/** A test that needs a feature, or none. */
export function testWith(feature: Feature | undefined, name: string, run: () => Promise<void>): void {
  if (feature === undefined || feature.known) test(name, run);
  else test.skip(`${name} (this Node has no ${feature.name})`, run);
}
