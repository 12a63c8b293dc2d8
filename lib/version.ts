/** The version in package.json, repeated for bundlers that leave package.json behind; a test compares the two. */
export const version = '0.1.0';
