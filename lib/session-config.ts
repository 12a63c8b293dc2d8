/** What a session is told from the start: where it dials, and every deadline, limit and mark of the options. */

import type { Deadline } from './deadline.js';
import * as diagnostics from './diagnostics.js';
import type { DialTarget, SessionConfig } from './native.js';
import type { ResolvedOptions } from './options.js';

export function sessionConfig(
  targets: readonly DialTarget[],
  options: ResolvedOptions,
  deadline: Deadline,
): SessionConfig {
  const { openTimeout, maxQueue } = options;
  return {
    targets,
    attemptDelay: options.attemptDelay,
    localAddress: options.localAddress,
    localPort: options.localPort,
    noDelay: options.noDelay,
    keepAlive: options.keepAlive,
    keepAliveInitialDelay: options.keepAliveInitialDelay,
    // 0 would switch the deadline off; one that has just passed still has to ring.
    openTimeout: openTimeout === 0 ? 0 : Math.max(1, deadline.remaining()),
    closeTimeout: options.closeTimeout,
    pingInterval: options.pingInterval,
    pingTimeout: options.pingTimeout,
    maxMessageSize: options.maxMessageSize.message,
    maxFragmentSize: options.maxMessageSize.fragment,
    maxFragments: options.maxFragments,
    highMessages: maxQueue.messages.high,
    lowMessages: maxQueue.messages.low,
    highBytes: maxQueue.bytes.high,
    lowBytes: maxQueue.bytes.low,
    writeLow: options.writeLimit.low,
    observation: diagnostics.observation(),
  };
}
