/** The environment's variables about proxies, for one test: these, and no others that the tests may be run with. */

import { onTestFinished, vi } from 'vitest';

const names = ['wss_proxy', 'ws_proxy', 'https_proxy', 'http_proxy', 'all_proxy', 'no_proxy'];

export function setProxyVariables(variables: Readonly<Record<string, string>>): void {
  onTestFinished(() => void vi.unstubAllEnvs());
  for (const name of [...names, ...names.map((one) => one.toUpperCase()), 'NODE_USE_ENV_PROXY', 'REQUEST_METHOD']) {
    vi.stubEnv(name, variables[name]);
  }
}
