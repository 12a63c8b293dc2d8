import { expect, test } from 'vitest';
import { causeOf, neededVersion } from '../../lib/load-cause.js';

test.each([
  ['ERR_DLOPEN_DISABLED', 'Cannot load native addon because loading addons is disabled.', 'addons-disabled'],
  ['ERR_ACCESS_DENIED', 'Access to this API has been restricted', 'access-denied'],
  ['MODULE_NOT_FOUND', "Cannot find module '../prebuilds/linux-x64/hawser.node'", 'missing'],
  ['ENOENT', "ENOENT: no such file or directory, lstat '/x'", 'missing'],
  ['EACCES', "EACCES: permission denied, lstat '/root/x'", 'unreadable'],
  ['ERR_DLOPEN_FAILED', '/x.node: cannot open shared object file: Permission denied', 'unreadable'],
  ['ERR_DLOPEN_FAILED', '/tmp/x.node: failed to map segment from shared object', 'unreadable'],
  ['ERR_DLOPEN_FAILED', "/lib/libc.so.6: version `GLIBC_2.38' not found (required by /x.node)", 'old-libraries'],
  ['ERR_DLOPEN_FAILED', "/lib/libstdc++.so.6: version `GLIBCXX_3.4.30' not found (required by /x)", 'old-libraries'],
  ['ERR_DLOPEN_FAILED', '/x.node: undefined symbol: uv_async_send', 'other-runtime'],
  ['ERR_DLOPEN_FAILED', 'dlopen(/x.node, 0x1): symbol not found in flat namespace (_uv_now)', 'other-runtime'],
  ['', 'hawser cannot run in this process: bun 1.4 has no libuv', 'other-runtime'],
  ['ERR_DLOPEN_FAILED', 'Error relocating /x.node: uv_async_send: symbol not found', 'other-runtime'],
  ['ERR_DLOPEN_FAILED', 'Error relocating /x.node: __memcpy_chk: symbol not found', 'other-system'],
  ['ERR_DLOPEN_FAILED', 'Error loading shared library ld-linux-x86-64.so.2: No such file or directory', 'other-system'],
  ['ERR_DLOPEN_FAILED', 'libc.so: cannot open shared object file: No such file or directory', 'other-system'],
  ['ERR_DLOPEN_FAILED', '/lib/x86_64-linux-gnu/libc.so: invalid ELF header', 'other-system'],
  ['ERR_DLOPEN_FAILED', '\\\\?\\C:\\x.node is not a valid Win32 application.', 'other-system'],
  ['ERR_DLOPEN_FAILED', '/x.node: file too short', 'unknown'],
])('an error %s, %s, tells of the cause %s', (code, message, cause) => {
  expect(causeOf(Object.assign(new Error(message), { code }))).toBe(cause);
});

test('what is no error tells nothing', () => {
  expect([undefined, null, 'text', {}].map(causeOf)).toEqual(['unknown', 'unknown', 'unknown', 'unknown']);
});

test.each([
  ["version `GLIBC_2.38' not found", 'GLIBC_2.38'],
  ["version `GLIBCXX_3.4.30' not found", 'GLIBCXX_3.4.30'],
  ['undefined symbol: x', undefined],
])('%s asks for %s', (message, needed) => {
  expect(neededVersion(new Error(message))).toBe(needed);
});
