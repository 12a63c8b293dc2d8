// What both ends know of the messages that go between them.

/** How many messages the server sends in one go, text and binary in turn. */
export const burst = 2000;

/** @param {number} i */
export const textAt = (i) => `message ${i}: ${'ä€😀'.repeat(i % 50)}`;

/** @param {number} i */
export const binaryAt = (i) => Buffer.alloc(i % 700, i);
