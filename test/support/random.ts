/** Numbers that look random and are the same in every run. */

/** Returns a function that returns a whole number from 0 up to but not including `below`. */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  // Mulberry32: small, and even enough for sizes and choices.
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}
