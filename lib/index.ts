/** The public API. `index.mts` repeats the names for `import`; a test compares the two. */

export type { BatchesOptions, DecodeOptions, RecvManyOptions, RecvOptions, SendOptions } from './call-options.js';
export type { CompressionOptions } from './compression-options.js';
export { connect } from './connect.js';
export { Connection, type ConnectionState } from './connection.js';
export type {
  CloseMessage,
  ConnectingMessage,
  ErrorMessage,
  OpenMessage,
  PingMessage,
} from './diagnostics.js';
export {
  BacklogError,
  CertificateError,
  ConcurrencyError,
  ConnectionClosed,
  ConnectionClosedError,
  ConnectionClosedOK,
  EndOfStream,
  HawserError,
  InternalError,
  InvalidHandshake,
  InvalidHeader,
  InvalidMessage,
  InvalidStatus,
  InvalidUpgrade,
  InvalidURL,
  NegotiationError,
  NotSupported,
  PayloadTooBig,
  ProtocolError,
  ProxyError,
  SecurityError,
  Terminated,
  TimeoutError,
  TlsError,
  TransportError,
} from './errors.js';
export { type HeaderEntry, HeaderList } from './handshake/headers.js';
export type { Credentials, HeadersOption } from './header-options.js';
export type { Mark } from './marks.js';
export type { SocketAddress } from './native.js';
export type { ConnectOptions } from './options.js';
export type { Sendable, SendableFragments } from './outgoing.js';
export type { ControlPayload } from './pings.js';
export { reconnect } from './reconnect.js';
export type { ReconnectOptions, Retry } from './reconnect-options.js';
export type { ConnectionStats, TrafficStats } from './stats.js';
export type { KeyWithPassphrase, Pem, PfxWithPassphrase, TlsOptions } from './tls/options.js';
export type { TlsInfo } from './tls/tls-info.js';
export type { CloseFrame, CloseOutcome, Data, RequestHead, ResponseHead, TimedMessage } from './types.js';
export { version } from './version.js';
